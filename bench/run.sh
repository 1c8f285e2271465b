#!/bin/bash
# All benchmarks with their tables as Markdown: see the head of each script.
#
#     bench/run.sh            print (15 minutes)
#     bench/run.sh --write    and put the tables into docs/performance.md
#     bench/run.sh --short    small sizes, to see that everything runs
#
# Wants an idle machine, some GB in $TMPDIR, what the tests need, and Debian's
# nginx-light, haproxy and wrk. BUILD is the build directory to measure.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build/bench}
decode=() catchup=() latency=(--snapshot) router=() write= seconds=8
case "${1:-}" in
'') ;;
--write) write=1 ;;
--short)
	seconds=1
	small=(--customers 1000 --products 1000 --orders 1000)
	decode=(--megabytes 20 --rounds 2 "${small[@]}")
	catchup=(--rows 100000 "${small[@]}")
	latency=(--seconds 3 --snapshot=3 "${small[@]}")
	router=(--seconds 1 --rounds 1 "${small[@]}")
	;;
*)
	echo "usage: $0 [--write|--short]" >&2
	exit 2
	;;
esac
if [ ! -f "$build/build.ninja" ]; then
	meson setup "$build" --buildtype=release >&2
fi
ninja -C "$build" cdc/cdc router/router bench/bench_decode \
	bench/bench_apply >&2
FICUS_BUILD=$(realpath "$build")
export FICUS_BUILD
out=$(mktemp)
trap 'rm -f "$out" "$out.md"' EXIT

run() { # run TITLE SCRIPT ARGUMENT…
	echo "### $1"
	echo
	/usr/bin/python3 "bench/$2.py" "${@:3}"
}
{
	run Decoding decode "${decode[@]}"
	run "Catching up" catchup "${catchup[@]}"
	printf '### Applying alone\n\n'
	bench/apply.sh "$build" "$seconds" | sed 's/^/    /'
	echo
	run "Commit to visible" latency "${latency[@]}"
	run Router router "${router[@]}"
} | tee "$out"
if [ "$write" ]; then
	sed '/^## Figures/q' docs/performance.md >"$out.md"
	{ echo; sed -e '$ { /^$/d }' "$out"; } >>"$out.md"
	cat "$out.md" >docs/performance.md
fi
