#!/bin/bash
# clang-tidy with the checks and limits of .clang-tidy.
#     tests/check_tidy.sh [FILE.c…]     all tracked .c files without a list
# Prints what it finds and fails.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

tidy=$(command -v clang-tidy-14 || command -v clang-tidy-19 || true)
clang=$(command -v clang-14 || command -v clang-19 || true)
if [ -z "$tidy" ] || [ -z "$clang" ]; then
	echo "check_tidy: clang-tidy or clang is missing" >&2
	exit 1
fi

# Its own build directory: the commands must be clang's. Only what is
# generated is built.
build=build/tidy
if [ ! -f $build/build.ninja ]; then
	rm -rf $build
	CC=$clang meson setup $build >/dev/null
fi
ninja -C $build build.ninja >/dev/null
generated=$(ninja -C $build -t targets all |
	sed -nE 's/: CUSTOM_COMMAND.*//p' | grep -E '\.(c|h)$' || true)
# shellcheck disable=SC2086 # names without blanks
[ -z "$generated" ] || ninja -C $build $generated >/dev/null

if [ $# -gt 0 ]; then
	files=("$@")
else
	mapfile -t files < <(git ls-files '*.c')
fi
if [ ${#files[@]} = 0 ]; then
	echo "check_tidy: no source files: nothing was checked" >&2
	exit 1
fi
# Fuzz targets are not in this build, and would be checked with wrong flags.
known=() status=0
for file in "${files[@]}"; do
	if grep -qF "/$file\"" $build/compile_commands.json; then
		known+=("$file")
	elif [[ $file != tests/fuzz/* ]]; then
		echo "$file: in no meson.build: never compiled"
		status=1
	fi
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '%s\n' "${known[@]}" |
	xargs -n 1 -P 2 "$tidy" --quiet -p $build >"$log" 2>/dev/null || status=1
if [ $status != 0 ] || [ -s "$log" ]; then
	cat "$log"
	echo "check_tidy: failed" >&2
	exit 1
fi
echo "${#known[@]} files: nothing found"
