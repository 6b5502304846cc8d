#!/usr/bin/env bash
# Encodes many small pictures with one command, corrupt ones among them, and compares the throughput with that of
# single ones: benches/load.sh PICTURE FOLDER [COUNT [ENCODE OPTION...]]
# PICTURE is cut into tiles of 96 x 64 pixels (ImageMagick's convert), repeated until there are COUNT.
set -euo pipefail
picture=$1 out=$2 count=${3:-500}
shift $(($# < 3 ? 2 : 3))
options=(--effort 1 "$@")
sirenc=$(realpath "${SIRENC:-$(dirname "$0")/../target/release/sirenc}")
cores=$(nproc)
mkdir -p "$out/tiles"
convert "$picture" -crop 96x64 +repage "$out/tiles/t%03d.png"
tiles=("$out"/tiles/t*.png)
rm -rf "$out/in" && mkdir "$out/in"
for i in $(seq 0 $((count - 1))); do
    to=$(printf '%s/in/p%03d.png' "$out" "$i")
    cp "${tiles[$((i % ${#tiles[@]}))]}" "$to"
    # Every fiftieth is cut short, and every fiftieth has a byte changed.
    case $((i % 50)) in
    17) truncate -s 1000 "$to" ;;
    34) printf 'XXXX' | dd of="$to" bs=1 seek=200 conv=notrunc status=none ;;
    esac
done
measure() { /usr/bin/time -f '%e s, %M KiB at most' "$@"; }
one=$(mktemp -d)
trap 'rm -rf "$one"' EXIT
echo "20 single pictures, one thread each, one after another:"
measure bash -c 'for p in "${@:3}"; do "$0" encode "$p" -o "$1/$(basename "$p").siren" --quiet --threads 1 $2; done' \
    "$sirenc" "$one" "${options[*]}" "$out"/in/p00[0-9].png "$out"/in/p02[0-9].png
for n in $((count / 10)) "$count"; do
    rm -rf "$out/out"
    status=0
    echo "$n pictures at once on $cores cores:"
    measure "$sirenc" encode $(ls "$out"/in/*.png | head -n "$n") -o "$out/out/" --quiet "${options[@]}" \
        2>"$out/said" || status=$?
    tail -n 1 "$out/said"
    echo "status $status, $(ls "$out/out" | wc -l) encoded, $(grep -c '^sirenc: ' "$out/said") named as bad"
done
