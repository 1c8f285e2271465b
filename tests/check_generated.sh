#!/bin/bash
# Is docs/settings.md what base/settings.h says? --write makes it so.
set -eu
cd "$(dirname "$0")/.."
build=${FICUS_BUILD:-build/dev}
[ -f "$build/build.ninja" ] || meson setup "$build" >/dev/null
ninja -C "$build" tests/settings_markdown >/dev/null
if [ "${1:-}" = --write ]; then
	"$build/tests/settings_markdown" >docs/settings.md
	exit 0
fi
"$build/tests/settings_markdown" | diff -u docs/settings.md - || {
	echo "docs/settings.md is out of date: run $0 --write" >&2
	exit 1
}
