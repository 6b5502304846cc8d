#!/usr/bin/env bash
# Encodes and decodes a folder of pictures, for scoring from the files alone.
#
# usage: [JOBS=N] benches/kodak.sh PICTURES OUT [encode options]
#
# OUT receives NAME.siren and NAME.png for every picture and times.csv with wall-clock seconds of each
# encode and decode as whole processes. JOBS pictures (default 1) are worked on at once: files are the same
# for any number of threads, times are not. Build with `cargo build --release` first.
set -euo pipefail
export sirenc=$(dirname "$0")/../target/release/sirenc
pictures=$1 folder=$2
shift 2
export out=$folder
mkdir -p "$out"

one() {
    local picture=$1 name start middle end
    shift
    name=$(basename "$picture" .png)
    start=${EPOCHREALTIME/./}
    "$sirenc" encode "$picture" -o "$out/$name.siren" --force --quiet "$@"
    middle=${EPOCHREALTIME/./}
    "$sirenc" decode "$out/$name.siren" -o "$out/$name.png" --force --quiet
    end=${EPOCHREALTIME/./}
    echo "$name $start $middle $end" |
        awk '{ printf "%s,%.3f,%.3f\n", $1, ($3 - $2) / 1e6, ($4 - $3) / 1e6 }'
}
export -f one

echo 'name,encode_s,decode_s' >"$out/times.csv"
printf '%s\0' "$pictures"/*.png |
    xargs -0 -P "${JOBS:-1}" -I{} bash -c 'set -e; one "$@"' one {} "$@" >>"$out/times.csv"
awk -F, 'NR > 1 { sum += $2; if ($2 > most) most = $2; decode += $3 }
    END { printf "%d pictures: encode mean %.1f s, longest %.1f s; decode mean %.3f s\n",
          NR - 1, sum / (NR - 1), most, decode / (NR - 1) }' "$out/times.csv"
