#!/usr/bin/env bash
# Time and memory of the most expensive files there are for their size: benches/hostile.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1
sirenc=${SIRENC:-target/release/sirenc}
cargo run --quiet -p siren-format --example hostile -- "$out"
run() {
    local status=0
    /usr/bin/time -o "$out/time" -f '%e s | %U s | %M KiB' timeout 900 "$sirenc" "$@" >"$out/said" 2>&1 || status=$?
    printf '%s | %s | %s | %s\n' "$(tail -n 1 "$out/time")" "$status" "sirenc $*" "$(head -c 160 "$out/said" | head -n 1)" |
        sed "s|$out/||g"
}
echo 'time | of processors | most memory | status | command | what it said'
for file in "$out"/*.siren; do
    run info "$file" --json
    run decode "$file" -o /dev/null
done
# Formats that are written whole, derivatives, and what whoever decodes asks for.
run decode "$out/most-samples.siren" -o "$out/x.tif" --force
run decode "$out/most-pixels.siren" -o "$out/x.jpg" --force
run decode "$out/most-multiplications.siren" -o /dev/null --derivative laplacian --gain 1
run decode "$out/longest-row.siren" -o /dev/null --scale 200
run decode "$out/most-parameters.siren" -o /dev/null --size 300000000x1
