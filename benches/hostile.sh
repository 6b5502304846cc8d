#!/usr/bin/env bash
# What the worst files cost, beside what was estimated for them: benches/hostile.sh FOLDER
#
# All .siren files of FOLDER, and those that the example `hostile` adds, are decoded under the limits of the library, which
# are those of a service. Then, for each file that is decoded, time and memory are held to the estimate of `info`: no more
# than 2 times the time and 1.2 times the memory. Everything runs under `ulimit -v` of the limit and 200 MB more.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
sirenc=${SIRENC:-target/release/sirenc}
cargo run --quiet --release -p siren-format --example hostile -- "$folder" >/dev/null
service=operations=350000000000,memory=512M,output=4G,pixels=4G,frames=1M,networks=64K,parameters=16M
none=side=none,layer-width=none,operations=none,memory=none,output=none,pixels=none,frames=none,networks=none,parameters=none
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
# A command under the limit of memory; its seconds of a core and its megabytes, its status and what it said.
run() {
    local status=0
    (
        ulimit -v $((512 * 1024 + 200000))
        exec /usr/bin/time -o "$out/time" -f '%U %S %M' timeout 300 "$sirenc" "$@"
    ) >"$out/said" 2>&1 || status=$?
    tail -n 1 "$out/time" | awk -v status="$status" '{ printf "%.2f %.0f %s\n", $1 + $2, $3 / 1024 * 1.048576, status }'
}
field() {
    sed -n "s/.*\"$1\":\([0-9.e+-]*\).*/\1/p" "$out/estimate"
}
echo '| command | bytes | estimate | took | times the estimate | what it said |'
echo '|---|---|---|---|---|---|'
worst=0
row() {
    local file=$1
    shift
    "$sirenc" info "$file" --json --limit "$none" >"$out/estimate" 2>/dev/null || true
    read -r seconds megabytes status < <(run "$@")
    awk -v command="$*" -v folder="$folder/" -v bytes="$(stat -c %s "$file")" -v est="$(field seconds)" -v mem="$(field memory)" \
        -v seconds="$seconds" -v mb="$megabytes" -v status="$status" -v said="$(head -c 300 "$out/said" | head -n 1)" '
        BEGIN {
            mem /= 1e6
            gsub(folder, "", command); gsub(folder, "", said); gsub(/ --limit .*/, "", command)
            ratio = status == 0 ? sprintf("%.2f, %.2f", seconds / est, mb / mem) : "-"
            printf "| `%s` | %s | %.2f s, %.0f MB | %.2f s, %.0f MB | %s | %s |\n", command, bytes, est, mem, seconds, mb, ratio, status == 0 ? "" : said
            exit status != 0 && status != 1 || status == 0 && (seconds > 2 * est + 0.02 || mb > 1.2 * mem)
        }' || worst=1
}
for file in "$folder"/*.siren; do
    row "$file" info "$file" --limit "$service"
    row "$file" decode "$file" -o /dev/null --limit "$service"
done
exit $worst
