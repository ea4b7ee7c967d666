#!/bin/sh
# The real servers that the tests start on loopback. Root: installed. Not root: the missing ones are named, and the
# tests that need them say so again.
set -eu
packages="dovecot-imapd dovecot-lmtpd postfix postgresql tesseract-ocr tesseract-ocr-fra"
missing=""
for p in $packages; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # The packages' own servers must not start: the tests start theirs, on ports of their own.
    [ -e /usr/sbin/policy-rc.d ] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; ours=1; }
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends $missing >/dev/null
    [ -z "${ours:-}" ] || rm -f /usr/sbin/policy-rc.d
else
    echo "Some tests need these Debian packages: run  sudo apt-get install$missing" >&2
fi
