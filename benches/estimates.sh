#!/usr/bin/env bash
# Holds the estimates of `info` to what decoding takes: benches/estimates.sh FOLDER FILE...
#
# Each file is encoded into FOLDER with a few steps, since what decoding takes does not depend on how good a fit is, unless it
# is there already, and decoded under the defaults of the command into its default format, under `ulimit -v` of the limit of
# memory and 200 MB more. Fails if one is refused, or if its time is not within a factor of 2 of the estimate, give or take
# 20 ms. PICTURES has the options for pictures, such as
# '--grids on --effort 1 --bpp 0.25', for which a folder of their own is needed.
set -euo pipefail
folder=$1
shift
sirenc=${SIRENC:-target/release/sirenc}
mkdir -p "$folder"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
field() {
    sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p" "$out/estimate"
}
failed=0
echo '| file | bytes | output | estimate | took | estimate by time |'
echo '|---|---|---|---|---|---|'
for file in "$@"; do
    name=$(basename "$file")
    siren=$folder/$name.siren
    # A shape has no surface before it is one, and of a picture that is hardly fitted one colour is the better file.
    case $name in *.ply) options=(--steps 300) ;; *.wav) options=(--steps 2) ;; *) read -ra options <<<"${PICTURES:---steps 2 --weights f16}" ;; esac
    [ -e "$siren" ] || "$sirenc" encode "$file" "${options[@]}" --quiet -o "$siren" || { failed=1 && continue; }
    "$sirenc" info "$siren" --json >"$out/estimate"
    status=0
    (
        ulimit -v $((2048 * 1024 + 200000))
        exec /usr/bin/time -o "$out/time" -f '%U %S %M' "$sirenc" decode "$siren" --quiet --force -o "$out/decoded"
    ) 2>"$out/said" || status=$?
    read -r user system memory < <(tail -n 1 "$out/time")
    rm -f "$out/decoded"
    awk -v name="$name" -v bytes="$(stat -c %s "$siren")" -v est="$(field seconds)" -v mem="$(field memory)" \
        -v output="$(field output)" -v took="$user $system" -v rss="$memory" -v status="$status" 'BEGIN {
            split(took, t, " "); seconds = t[1] + t[2]; mb = rss * 1024 / 1e6
            printf "| %s | %d | %.1f MB | %.2f s, %.0f MB | %.2f s, %.0f MB | %.2f%s |\n", name, bytes, output / 1e6, est, mem / 1e6,
                seconds, mb, (seconds > 0 ? est / seconds : 1), (status ? ", refused" : "")
            exit (status || est > 2 * seconds + 0.02 || seconds > 2 * est + 0.02 || mb > 1.2 * mem / 1e6)
        }' || failed=1
done
exit $failed
