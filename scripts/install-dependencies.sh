#!/usr/bin/env bash
# Installs the Debian packages that are missing. Usage: install-dependencies.sh [build|demo|test]
#   build  what compiling needs
#   demo   and the servers and clients that the demo runs
#   test   and the test runner and the analysers (the default), and unpacks the servers of unpack-servers.sh
# Where nothing is missing it changes nothing and needs neither root nor network.
set -euo pipefail

build=(build-essential cmake ninja-build pkg-config libfcgi-dev libldap-dev libssl-dev libcrypt-dev
    libargon2-dev libcurl4-openssl-dev libpcre2-dev libidn2-dev libconfuse-dev
    liblmdb-dev libhiredis-dev libjansson-dev libc-ares-dev libgmime-3.0-dev libmilter-dev libcmocka-dev)
demo=(nginx libnginx-mod-mail slapd ldap-utils postfix libsasl2-modules dovecot-core dovecot-imapd dovecot-pop3d swaks
    libnet-ssleay-perl curl openssl python3)
test=(redis-server redis-sentinel nftables fail2ban iproute2 libnginx-mod-stream slapd-contrib dovecot-ldap msmtp mpop isync fetchmail neomutt haproxy dnsmasq-base
    python3-pytest clang clang-format clang-tidy
    libclang-rt-dev cppcheck gdb git mandoc)

case "${1:-test}" in
build) wanted=("${build[@]}") ;;
demo) wanted=("${build[@]}" "${demo[@]}") ;;
test) wanted=("${build[@]}" "${demo[@]}" "${test[@]}") ;;
*)
    echo "usage: $0 [build|demo|test]" >&2
    exit 64
    ;;
esac

# Node and npm come from elsewhere than Debian on many machines; those are as good.
if [ "${1:-test}" = test ] && ! command -v npm >/dev/null; then
    wanted+=(nodejs npm)
fi

installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=()
for package in "${wanted[@]}"; do
    installed "$package" || missing+=("$package")
done
# Few tests want these servers: without them the others are run.
unpack() {
    [ "$1" != test ] || "$(dirname "$0")/unpack-servers.sh" || echo "the tests of these servers are skipped" >&2
}
if [ ${#missing[@]} -eq 0 ]; then
    unpack "${1:-test}"
    exit 0
fi

root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "packages are missing and there is neither root nor sudo to install them: ${missing[*]}" >&2
        exit 1
    fi
    root=(sudo)
fi
echo "installing: ${missing[*]}" >&2

# Debian starts the servers that it installs. We run them by our own files and want no nginx on port 80
# and no Postfix on port 25 on somebody's machine; a policy of the machine's own is kept.
policy=/usr/sbin/policy-rc.d
log=$(mktemp)
cleanup() {
    [ -z "${our_policy:-}" ] || "${root[@]}" rm -f "$policy"
    rm -f "$log"
}
trap cleanup EXIT
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    our_policy=yes
    "${root[@]}" chmod 755 "$policy"
fi

# Neither is to be set up for the whole machine. Left alone where it is installed already.
apt() { "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"; }
answers() { printf '%s\n' "$@" | "${root[@]}" debconf-set-selections; }
installed postfix || answers 'postfix postfix/main_mailer_type select No configuration'
installed slapd || answers 'slapd slapd/no_configuration boolean true'

if ! { apt update && apt install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "the packages could not be installed (see above): ${missing[*]}" >&2
    exit 1
fi
unpack "${1:-test}"
