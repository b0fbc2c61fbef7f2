#!/usr/bin/env bash
# Unpacks the mail servers that Debian does not install beside Postfix, for the tests that run them. Usage:
# unpack-servers.sh
#   $MAILREEVE_SERVERS  the folder that gets them, if it is not to be the usual one (harness/unpacked.py)
# Nothing is installed or started. Where all is there already it needs no network. If it fails it says so, and the
# tests are skipped.
set -euo pipefail

# The servers, their tools, and the libraries that might be missing.
packages=(exim4-daemon-heavy sendmail-bin sendmail-cf m4 sasl2-bin libnss-wrapper
    libdb5.3 libevent-2.1-7 libgnutls-dane0 libidn12 liblockfile1 libmariadb3 libnsl2 libpq5 libspf2-2
    libsqlite3-0 libtirpc3 libunbound8 libwrap0)

# Root's servers give up root, and in root's home they would not reach their own programs.
usual=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/mailreeve-tests
[ "$(id -u)" -ne 0 ] || usual=/var/cache/mailreeve-tests
place=${MAILREEVE_SERVERS:-$usual}
[ "$(cat "$place/packages" 2>/dev/null)" != "${packages[*]}" ] || exit 0

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
    echo "the old mail servers could not be downloaded (see above); their tests are skipped" >&2
    exit 0
fi
mkdir "$work/tree"
for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$work/tree"
done
# They run as who starts them: with other rights the loader would not look for libraries here.
find "$work/tree" -type f -perm /6000 -exec chmod ug-s {} +
chmod -R go+rX "$work/tree"
printf '%s\n' "${packages[*]}" >"$work/tree/packages"
rm -rf "$place"
# fails where another run was quicker
mv -T "$work/tree" "$place" 2>/dev/null || [ -e "$place/packages" ]
