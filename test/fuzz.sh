#!/usr/bin/env bash
# Runs every fuzz target of the project for a while.
# Usage: test/fuzz.sh TIME (such as 1s or 30s)
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-1s}
n=0
while IFS=: read -r file target; do
	dir=$(dirname "$file")
	go test -run xxx -fuzz "^$target\$" -fuzztime "$time" "./$dir" >/tmp/edgeward-fuzz.$$ 2>&1 || {
		cat /tmp/edgeward-fuzz.$$
		rm -f /tmp/edgeward-fuzz.$$
		echo "fuzz: $target in $dir failed" >&2
		exit 1
	}
	n=$((n + 1))
done < <(grep -rho --include='*_test.go' -H '^func Fuzz[A-Za-z0-9]*' internal | sed 's/:func /:/' | sort)
rm -f /tmp/edgeward-fuzz.$$
echo "fuzz: $n targets for $time each, no failure"
