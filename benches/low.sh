#!/usr/bin/env bash
# The low end, where others end: small .siren files beside what else fits into as many bytes.
#
# usage: benches/low.sh PICTURES OUT [encode options]
#
# Whole pictures at 512, 1,024 and 2,048 bytes, beside JPEG, WebP, AVIF and JPEG XL at their smallest and
# of the downscaled picture; thumbnails of 128 pixels at 100, 200 and 400 bytes, beside BlurHash,
# ThumbHash and placeholders too, and at 32 bytes beside these three alone. In OUT, whole-N/ and thumbnail-N/
# have the .siren files, their pictures and times; whole.txt, .csv and .json, thumbnail.txt and so on, and
# placeholder.txt and so on for 32 bytes, have the figures, with means at the end of the text; whole.html shows
# the first PAGE pictures (three unless set), thumbnail.html and placeholder.html show all.
#
# Needs ImageMagick for the thumbnails, and the tools that `sirenc compare --help` names. Build with
# `cargo build --release` first.
set -euo pipefail
here=$(dirname "$0")
sirenc=$here/../target/release/sirenc
pictures=$1 out=$2
shift 2

# Encodes the pictures in $1 as $2-BYTES for each of the further arguments up to --; the rest are options.
encode() {
    local from=$1 to=$2 sizes=()
    shift 2
    while [ "$1" != -- ]; do
        sizes+=("$1")
        shift
    done
    shift
    for size in "${sizes[@]}"; do
        echo "$(basename "$to"), $size bytes:"
        "$here/kodak.sh" "$from" "$to-$size" "$@" --bytes "$size"
    done
}

# Compares the pictures and .siren files among the arguments after $1, where the figures go.
compare() {
    local to=$1
    shift
    "$sirenc" compare "$@" --downscaled --force --csv "$to.csv" --json "$to.json" | tee "$to.txt"
}

mkdir -p "$out/thumbnails"
all=("$pictures"/*.png)
for picture in "${all[@]}"; do
    convert "$picture" -filter Lanczos -resize 128x128 -strip "$out/thumbnails/$(basename "$picture")"
done

codecs=jpeg,webp,avif,jxl
encode "$pictures" "$out/whole" 512 1024 2048 -- "$@"
compare "$out/whole" "${all[@]}" "$out"/whole-*/*.siren --against "$codecs"
encode "$out/thumbnails" "$out/thumbnail" 100 200 400 -- "$@"
compare "$out/thumbnail" "$out"/thumbnails/*.png "$out"/thumbnail-*/*.siren \
    --against "$codecs,blurhash,thumbhash,placeholder" --report "$out/thumbnail.html"
"$sirenc" compare "$out"/thumbnails/*.png --bytes 32 --against blurhash,thumbhash,placeholder --force \
    --effort 1 --csv "$out/placeholder.csv" --json "$out/placeholder.json" --report "$out/placeholder.html" |
    tee "$out/placeholder.txt"

shown=()
for picture in "${all[@]:0:${PAGE:-3}}"; do
    shown+=("$picture" "$out"/whole-*/"$(basename "$picture" .png).siren")
done
"$sirenc" compare "${shown[@]}" --against "$codecs" --downscaled --force --quiet --report "$out/whole.html"
