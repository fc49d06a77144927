#!/usr/bin/env bash
# Installs what a verb of the Makefile needs and is not there, with Debian's
# packages. Usage: test/setup.sh run|console|test|package|bench
set -euo pipefail

need() { # command package
	command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
missing=()
case ${1:-} in
run)
	need git git
	need npm npm
	;;
console) ;; # only Node packages, below
test)
	need gcc gcc
	need tshark tshark
	need ip iproute2
	need tcpreplay tcpreplay
	need ethtool ethtool
	need snmpd snmpd
	need npm npm
	need chromium chromium
	need dpkg-deb dpkg
	[ -x /usr/lib/postgresql/15/bin/postgres ] || missing+=(postgresql-15)
	;;
package) need dpkg-deb dpkg ;;
bench)
	need ndpiReader libndpi-bin
	need softflowd softflowd
	need argus argus-server
	need p0f p0f
	need tshark tshark
	need tcpdump tcpdump
	;;
*)
	echo "usage: $0 run|console|test|package|bench" >&2
	exit 2
	;;
esac
if ! command -v go >/dev/null 2>&1; then
	echo "Go is missing: install it from https://go.dev/dl/ (see go.mod for the version)" >&2
	exit 1
fi

# The console's Node packages, exactly those of the lock file.
node_packages() {
	[ -e web/package-lock.json ] && command -v npm >/dev/null 2>&1 || return 0
	[ web/node_modules/.package-lock.json -nt web/package-lock.json ] && return 0
	echo "installing the console's Node packages" >&2
	(cd web && npm ci --no-audit --no-fund --loglevel=error)
	touch web/node_modules/.package-lock.json
}
cd "$(dirname "$0")/.."
if [ ${#missing[@]} -eq 0 ]; then
	node_packages
	exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
	echo "missing: ${missing[*]} (names of Debian packages); install them and try again" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
echo "installing ${missing[*]}" >&2
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
node_packages
