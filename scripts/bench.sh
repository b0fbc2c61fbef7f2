#!/usr/bin/env bash
# Measures mailreeve beside nginx's static answer, a do-nothing FastCGI responder, a bare libldap loop and
# Dovecot's auth service, beside itself without screening, with a million bans and with a second process, and
# Postfix with the message guard and without it, in one run, and prints the ratios. Options go to tests/bench/bench.py.
set -eu
cd "$(dirname "$0")/.."
./scripts/install-dependencies.sh
build=${MAILREEVE_BUILD:-build/bench}
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build "$build" >/dev/null
MAILREEVE_BUILD=$build exec /usr/bin/python3 tests/bench/bench.py "$@"
