#!/usr/bin/env bash
# Runs every fuzz target of the project for a while.
# Usage: test/fuzz.sh TIME (such as 1s or 30s)
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-1s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fuzz() { go test -run xxx -fuzz "^$1\$" -fuzztime "$time" "./$2" >"$log" 2>&1; }

# Go's fuzzer now and then calls its own deadline a failure, on a loaded machine
# most of all. Such a run has no failing input, and is done once more.
own_deadline() { grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log"; }

n=0
while IFS=: read -r file target; do
	dir=$(dirname "$file")
	if ! fuzz "$target" "$dir" && ! { own_deadline && fuzz "$target" "$dir"; }; then
		cat "$log"
		echo "fuzz: $target in $dir failed" >&2
		exit 1
	fi
	n=$((n + 1))
done < <(grep -roH --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' internal | sed 's/:func /:/' | sort)
echo "fuzz: $n targets for $time each, no failure"
