#!/bin/bash
# Is every C source laid out as .clang-format says? Version 14 decides; others
# differ in details. Prints the places and fails.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

format=$(command -v clang-format-14 || true)
if [ -z "$format" ]; then
	if grep -q '^VERSION_ID="12"' /etc/os-release; then
		echo "check_format: clang-format-14 is missing" >&2
		exit 1
	fi
	echo "clang-format-14 is not packaged here: Debian 12 decides"
	exit 0
fi
mapfile -t files < <(git ls-files '*.[ch]')
if [ ${#files[@]} = 0 ]; then
	echo "check_format: no source files: nothing was checked" >&2
	exit 1
fi
if ! printf '%s\n' "${files[@]}" |
	xargs -n 40 -P 2 "$format" --dry-run -Werror; then
	echo "cure: $format -i FILE" >&2
	exit 1
fi
echo "${#files[@]} files: laid out"
