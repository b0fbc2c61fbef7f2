#!/usr/bin/env bash
# Installs what is missing, builds, runs every test. Usage: test.sh [NAME-PATTERN]
#   NAME-PATTERN  only the tests whose name matches (ctest -R), only in the Sanitize build
# The builds are kept in build/ (or $MAILREEVE_BUILDS), so a second run is quick.
#
# Sanitize (ASan, UBSan) runs everything. Thread (TSan) runs what has threads, Release what the compiler's
# optimiser could change, what measures memory, and the demo.
set -euo pipefail
cd "$(dirname "$0")/.."

./scripts/install-dependencies.sh test
builds=${MAILREEVE_BUILDS:-$PWD/build}
jobs=$((2 * $(nproc))) # most tests wait most of the time: for nginx, for a time-out
passed=0
failed=0
skipped=0

# build TYPE: compiles everything of that build type, silently unless it fails.
build() {
    local folder=$builds/$1 log=$builds/$1.log
    mkdir -p "$builds"
    echo "== building $1"
    if ! { cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE="$1" && ninja -C "$folder"; } >"$log" 2>&1; then
        cat "$log"
        echo "the $1 build failed"
        exit 1
    fi
}

# run TYPE [ctest options]: runs tests of that build and counts them; what failed is printed whole.
run() {
    local type=$1
    shift
    echo "== testing $type"
    local log=$builds/$type-tests.log
    ctest --test-dir "$builds/$type" -j "$jobs" --output-on-failure --no-tests=error "$@" 2>&1 | tee "$log" || true
    local of good
    of=$(sed -n 's/.*tests failed out of \([0-9]*\).*/\1/p' "$log")
    good=$(grep -c ' Passed ' "$log" || true)
    skipped=$((skipped + $(grep -c 'Skipped ' "$log" || true)))
    passed=$((passed + good))
    failed=$((failed + ${of:-1} - good - $(grep -c 'Skipped ' "$log" || true)))
}

build Sanitize
if [ $# -gt 0 ]; then
    run Sanitize -R "$1"
else
    run Sanitize
    build Thread
    run Thread -L 'unit|threads'
    build Release
    run Release -L 'unit|fuzz|demo|release'
fi

echo
echo "tests passed: $passed, failed: $failed, skipped: $skipped"
[ "$failed" -eq 0 ]
