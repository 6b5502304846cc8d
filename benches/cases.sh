#!/usr/bin/env bash
# What becomes of every file of a folder: `benches/cases.sh FOLDER [BINARY ...]`, with the binaries to compare, by
# default the release build. The references need Python with pillow, soundfile and trimesh; what is missing is said.
set -euo pipefail
folder=${1:?a folder of files to encode}
shift
here=$(cd "$(dirname "$0")" && pwd)
if [ $# = 0 ]; then
    cargo build --release --manifest-path "$here/../Cargo.toml" --bin sirenc
    set -- "${CARGO_TARGET_DIR:-$here/../target}/release/sirenc"
fi
exec python3 "$here/cases.py" "$folder" "$@"
