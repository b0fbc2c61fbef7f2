#!/usr/bin/env bash
# The front door at work, on this machine. Usage: demo.sh [--once]
#   --once  end after the self-check (exit 0: every expectation held) instead of staying up until Ctrl-C
# Installs what is missing, builds, and starts nginx, mailreeve-auth, slapd, Postfix and Dovecot on free
# loopback ports in one scratch folder, which goes at the end. The machine's own servers are left alone.
set -euo pipefail
cd "$(dirname "$0")/.."

case "${1:-}" in
'' | --once) ;;
*)
    sed -n '2,3s/^# //p' "$0"
    exit 64
    ;;
esac

./scripts/install-dependencies.sh demo
builds=${MAILREEVE_BUILDS:-$PWD/build}
mkdir -p "$builds"
if ! { cmake -S . -B "$builds/Release" -G Ninja -DCMAKE_BUILD_TYPE=Release &&
    ninja -C "$builds/Release" mailreeve-auth mailreeve-milter mailreeve; } >"$builds/demo.log" 2>&1; then
    cat "$builds/demo.log"
    echo "the build failed (see above)"
    exit 1
fi

# Postfix and slapd start as root and change to users of their own.
demo=(env "MAILREEVE_BUILD=$builds/Release" /usr/bin/python3 -B scripts/demo.py "$@")
if [ "$(id -u)" -ne 0 ]; then
    exec sudo "${demo[@]}"
fi
exec "${demo[@]}"
