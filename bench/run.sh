#!/bin/bash
# All tables of docs/performance.md, as Markdown: see the head of each script.
#
#     bench/run.sh          the sizes of docs/performance.md (15 minutes)
#     bench/run.sh --short  small ones, to see that everything runs
#
# Wants an idle machine, some GB in $TMPDIR, what the tests need, and Debian's
# nginx-light, haproxy and wrk. BUILD is the build directory to measure.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build/bench}
short=
[ "${1:-}" != --short ] || short=1
if [ ! -f "$build/build.ninja" ]; then
	meson setup "$build" --buildtype=release >&2
fi
ninja -C "$build" >&2
FICUS_BUILD=$(realpath "$build")
export FICUS_BUILD

if [ "$short" ]; then
	small=(--customers 1000 --products 1000 --orders 1000)
	decode=(--rows 100000 "${small[@]}")
	catchup=(--rows 100000 "${small[@]}")
	latency=(--seconds 3 --snapshot=3 "${small[@]}")
	router=(--seconds 1 --rounds 1 "${small[@]}")
else
	decode=() catchup=() latency=(--snapshot) router=()
fi
run() { # run TITLE SCRIPT ARGUMENT…
	echo "### $1"
	echo
	/usr/bin/python3 "bench/$2.py" "${@:3}"
}
run Decoding decode "${decode[@]}"
run "Catching up" catchup "${catchup[@]}"
run "Commit to visible" latency "${latency[@]}"
run "Router" router "${router[@]}"
