#!/bin/bash
# A small shop, its copy in PostgreSQL and the router in front, shown step by
# step with private servers under build/demo-data.
#
#     ./demo.sh           install what is missing, build, show, clean up
#     ./demo.sh --keep    the same, and leave everything running
#     ./demo.sh --stop    end what --keep left running
#
# FICUS_DEMO_DATA names another directory for data and logs; it is emptied.
# Works as root and with sudo; needs no terminal. The last line is "everything
# worked", and the exit code 0 only then.
set -euo pipefail
cd "$(dirname "$0")"
case "${1:-}" in
'' | --keep | --stop) ;;
*)
	echo "usage: $0 [--keep | --stop]" >&2
	exit 2
	;;
esac
if [ "${1:-}" = --stop ]; then
	exec /usr/bin/python3 demo/journey.py --stop
fi

fail() {
	echo "failed: $*" >&2
	exit 1
}

echo "== Packages"
deploy/packages.sh demo || fail "the packages could not be installed"
echo "   all there"

echo "== Build"
mkdir -p build
log=build/demo.log
if [ ! -f build/demo/build.ninja ]; then
	rm -rf build/demo
	meson setup build/demo >$log 2>&1 </dev/null ||
		fail "meson: $(tail -5 $log)"
fi
ninja -C build/demo cdc/cdc router/router >$log 2>&1 </dev/null ||
	fail "the build: $(tail -20 $log)"
echo "   build/demo/cdc/cdc build/demo/router/router"

export FICUS_BUILD=$PWD/build/demo
exec /usr/bin/python3 demo/journey.py "$@"
