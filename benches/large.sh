#!/usr/bin/env bash
# A photograph of 12 megapixels in at most 100,000 bytes, timed.
#
# usage: benches/large.sh PICTURES OUT [encode options]
#
# The photograph is a mosaic, OUT/large.png of 4000 x 3000 pixels: the first 16 of PICTURES, each enlarged
# to cover 1000 x 750. Needs ImageMagick. Build with `cargo build --release` first.
set -euo pipefail
sirenc=$(dirname "$0")/../target/release/sirenc
pictures=$1 out=$2
shift 2
mkdir -p "$out"
all=("$pictures"/*.png)
montage "${all[@]:0:16}" -filter Lanczos -resize '1000x750^' -gravity center -extent 1000x750 \
    -tile 4x4 -geometry +0+0 -strip -depth 8 "$out/large.png"
time "$sirenc" encode "$out/large.png" -o "$out/large.siren" --force --bytes 100000 "$@"
time "$sirenc" decode "$out/large.siren" -o "$out/decoded.png" --force
"$sirenc" compare "$out/large.png" "$out/large.siren" --against jpeg
