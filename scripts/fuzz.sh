#!/usr/bin/env bash
# Runs each fuzz target for SECONDS (60 if not given) on top of its corpus. Usage: fuzz.sh [SECONDS [TARGET]]
# What it finds stays in build/Fuzz/found: new inputs by target, and crash-* files, which make it fail.
# A mended crash belongs into tests/fuzz/corpus/TARGET, where ctest replays it for ever.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-60}
./scripts/install-dependencies.sh test
folder=${MAILREEVE_BUILDS:-$PWD/build}/Fuzz
found=$folder/found
mkdir -p "$found"
CC=clang cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Fuzz >"$folder/cmake.log"
ninja -C "$folder" >"$folder/ninja.log" || {
    cat "$folder/ninja.log"
    exit 1
}

# fuzz TARGET: one target with its own folder of findings.
fuzz() {
    local target=$1
    mkdir -p "$found/$target"
    echo "== $target for $seconds s"
    "$folder/bin/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$found/crash-$target-" "$found/$target" "tests/fuzz/corpus/$target" \
        >"$found/$target.log" 2>&1 || {
        tail -n 40 "$found/$target.log"
        echo "== $target failed"
        return 1
    }
    grep -h number_of_executed_units "$found/$target.log" | sed "s/.*:/   $target: inputs tried:/"
}
export -f fuzz
export seconds folder found

if [ $# -gt 1 ]; then
    fuzz "$2"
else
    for program in "$folder"/bin/fuzz_*; do
        basename "$program" | sed 's/^fuzz_//'
    done | xargs -P "$(nproc)" -I{} bash -c 'fuzz {}'
fi
echo "nothing was found"
