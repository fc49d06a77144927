#!/usr/bin/env bash
# Installs what a verb of the Makefile needs and is not there, with Debian's
# packages. Usage: test/setup.sh run|test|bench
set -euo pipefail

need() { # command package
	command -v "$1" >/dev/null 2>&1 || missing+=("$2")
}
missing=()
case ${1:-} in
run) need git git ;;
test)
	need gcc gcc
	need tshark tshark
	need ip iproute2
	need tcpreplay tcpreplay
	need ethtool ethtool
	need snmpd snmpd
	;;
bench)
	need ndpiReader libndpi-bin
	need softflowd softflowd
	need argus argus-server
	need p0f p0f
	need tshark tshark
	need tcpdump tcpdump
	;;
*)
	echo "usage: $0 run|test|bench" >&2
	exit 2
	;;
esac
if ! command -v go >/dev/null 2>&1; then
	echo "Go is missing: install it from https://go.dev/dl/ (see go.mod for the version)" >&2
	exit 1
fi
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null 2>&1; then
	echo "missing: ${missing[*]} (names of Debian packages); install them and try again" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" -ne 0 ]; then sudo=sudo; fi
echo "installing ${missing[*]}" >&2
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
