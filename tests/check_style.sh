#!/bin/bash
# What the formatter and the compiler do not see: banned calls, notes that
# must not be committed, // comments, long files, tabs where blanks belong.
# Prints each place and fails. Only tracked files of the working directory's tree count.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

found=$(mktemp)
trap 'rm -f "$found" "$found".*' EXIT
git ls-files '*.[ch]' >"$found.c"
git ls-files | grep -E '\.(c|h|py|sh|sql|build|yaml|yml|md)$' |
	grep -vE '^tests/(golden|fuzz/corpus)/' >"$found.text"
if [ ! -s "$found.c" ]; then
	echo "check_style: no source files: nothing was checked" >&2
	exit 1
fi

# The C code without comments and the insides of strings, "file:line:code".
# shellcheck disable=SC2016 # awk's own dollars
xargs awk '
FNR == 1 { inside = 0 }
{
	line = $0
	out = ""
	while (line != "") {
		if (inside) {
			end = index(line, "*/")
			if (!end) { line = ""; break }
			line = substr(line, end + 2)
			inside = 0
			continue
		}
		if (match(line, /^"([^"\\]|\\.)*"/) ||
		    match(line, /^\047([^\047\\]|\\.)+\047/)) {
			out = out "\"\""
			line = substr(line, RLENGTH + 1)
			continue
		}
		if (substr(line, 1, 2) == "/*") {
			inside = 1
			line = substr(line, 3)
			continue
		}
		if (substr(line, 1, 2) == "//") { out = out line; break }
		out = out substr(line, 1, 1)
		line = substr(line, 2)
	}
	print FILENAME ":" FNR ":" out
}' <"$found.c" >"$found.code"

deny() { # deny WHY REGEX: no code matches
	grep -E "^[^:]*:[0-9]+:.*$2" "$found.code" | sed "s|\$|   <- $1|" \
		>>"$found" || true
}

word='(^|[^A-Za-z0-9_>.])'
deny 'banned: unbounded or unsafe' \
	"${word}(strcpy|strcat|stpcpy|sprintf|vsprintf|gets|strtok|strtok_r|alloca|tmpnam|mktemp|strncat)[[:space:]]*\("
deny 'banned: hides errors, see base/str.h' \
	"${word}(atoi|atol|atoll|atof)[[:space:]]*\("
deny 'banned: blocks or depends on a process-wide state' \
	"${word}(system|popen|gmtime|localtime|ctime|asctime|strerror_l|rand|srand|setlocale)[[:space:]]*\("
deny '// comments are for what is not committed' '//'
grep -vE '^base/mem\.c:|^tests/' "$found.code" |
	grep -E ":[0-9]+:.*${word}(malloc|calloc|realloc|strdup|strndup)[[:space:]]*\(" |
	sed 's|$|   <- use base/mem.h|' >>"$found" || true
grep -E '^[^:]*\.h:[0-9]+:.*\btypedef[[:space:]]+(struct|enum|union)' \
	"$found.code" | sed 's|$|   <- no typedef of structs|' >>"$found" || true

# Everywhere, comments included. The words are split, so that this file may
# hold them.
notes="TO""DO|FIX""ME|XX""X|HA""CK"
xargs grep -nHwE "$notes" <"$found.text" | sed 's|$|   <- finish it or file it|' \
	>>"$found" || true
# Paths that exist on one machine only, split as above.
places="/work""/|/tmp/fi""cus|/tmp/w""t/"
xargs grep -nHE "$places" <"$found.text" |
	sed 's|$|   <- a path of one machine|' >>"$found" || true
xargs grep -nHE '[[:space:]]+$' <"$found.text" |
	grep -v '\.md:' | sed 's|$|   <- blanks at the end|' >>"$found" || true
{ grep -E '\.(py|sql|yaml|yml)$' "$found.text" || true; } |
	xargs -r grep -nHP '^\t' | sed 's|$|   <- blanks, not tabs|' \
	>>"$found" || true

lines_max=500
while read -r file; do
	[[ $file == *.c && $file != tests/* ]] || continue
	n=$(wc -l <"$file")
	[ "$n" -le $lines_max ] ||
		echo "$file: $n lines, $lines_max at most: two nouns?"
done <"$found.c" >>"$found"

if [ -s "$found" ]; then
	cat "$found"
	exit 1
fi
echo "$(wc -l <"$found.c") C files, $(wc -l <"$found.text") texts: in style"
