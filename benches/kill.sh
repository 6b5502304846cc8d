#!/usr/bin/env bash
# Kills encodes (SIGKILL) at random times and goes on with each from its checkpoint, until every one of them is
# done; their files must be those of encodes that nobody killed. benches/kill.sh PICTURE [TRIALS [ENCODE OPTION...]]
set -euo pipefail
picture=$1 trials=${2:-50}
shift $(($# < 2 ? 1 : 2))
sirenc=${SIRENC:-$(dirname "$0")/../target/release/sirenc}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
start=$(date +%s%N)
"$sirenc" encode "$picture" -o "$out/whole.siren" --quiet "$@"
whole=$((($(date +%s%N) - start) / 1000000))
echo "uninterrupted: $whole ms"
kills=0 same=0
for trial in $(seq "$trials"); do
    # Each is killed as often as it takes to be done, after 0 to two thirds of the time of a whole one.
    attempts=0
    while [ ! -e "$out/$trial.siren" ]; do
        "$sirenc" encode "$picture" -o "$out/$trial.siren" --quiet "$@" \
            --checkpoint "$out/state" --checkpoint-every 0.1 --resume &
        child=$!
        attempts=$((attempts + 1))
        # Past ten it may end by itself.
        if [ $attempts -lt 10 ]; then
            sleep "$(awk -v most=$whole -v seed=$RANDOM 'BEGIN { srand(seed); print rand() * most / 1500 }')"
            if kill -9 $child 2>/dev/null; then kills=$((kills + 1)); fi
        fi
        status=0
        wait $child 2>/dev/null || status=$?
        case $status in 0 | 137) ;; *) echo "trial $trial: status $status"; exit 1 ;; esac
    done
    if cmp -s "$out/whole.siren" "$out/$trial.siren"; then same=$((same + 1)); fi
    echo "trial $trial: done after $attempts starts, $same the same so far, $kills kills"
    rm -f "$out/state" "$out"/.sirenc-*
done
echo "$same of $trials encodes have the same bytes after $kills kills"
[ "$same" = "$trials" ]
