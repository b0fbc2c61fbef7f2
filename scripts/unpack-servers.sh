#!/usr/bin/env bash
# Unpacks the mail servers that Debian does not install beside Postfix, for the tests that run them. Usage:
# unpack-servers.sh
#   $MAILREEVE_SERVERS  the folder that gets them, if it is not to be the usual one (harness/unpacked.py)
# Nothing is installed or started. Where all is there already it needs no network. If it fails it says why, and the
# tests that want them are skipped.
set -euo pipefail

# The servers, their tools, and the libraries that might be missing.
packages=(exim4-daemon-heavy sendmail-bin sendmail-cf m4 sasl2-bin libnss-wrapper
    libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 liblockfile1 libmariadb3 libnsl2 libpq5 libspf2-2
    libsqlite3-0 libtirpc3 libunbound8 libwrap0)

# Root's servers give up root, and in root's home they would not reach their own programs.
usual=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/mailreeve-tests
[ "$(id -u)" -ne 0 ] || usual=/var/cache/mailreeve-tests
place=${MAILREEVE_SERVERS:-$usual}
is_there() { [ "$(cat "$place/packages" 2>/dev/null)" = "${packages[*]}" ]; }
! is_there || exit 0

# Made beside it and moved there whole: another run may want it at the same time.
mkdir -p "$(dirname "$place")"
work=$(mktemp -d "$place.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=()
[ "$(id -u)" -eq 0 ] || root=(sudo -n)

download() { (cd "$work" && apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=1 download "${packages[@]}"); }
refresh() { "${root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update; }

echo "unpacking: ${packages[*]}" >&2
if ! { download || { refresh && download; }; } >"$work/log" 2>&1; then
    cat "$work/log" >&2
    echo "the old mail servers could not be downloaded (see above)" >&2
    exit 1
fi
mkdir "$work/tree"
for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$work/tree"
done
# They run as who starts them: with other rights the loader would not look for libraries here.
find "$work/tree" -type f -perm /6000 -exec chmod ug-s {} +
chmod -R go+rX "$work/tree"
printf '%s\n' "${packages[*]}" >"$work/tree/packages"
# It takes the place of what this script unpacked there before, and of nothing else; another run may be quicker.
if [ -e "$place/packages" ] && ! is_there; then
    mv -T "$place" "$work/old"
fi
if ! mv -T "$work/tree" "$place" 2>/dev/null && ! is_there; then
    echo "$place is in the way of the old mail servers: it holds something else" >&2
    exit 1
fi
