#!/bin/bash
# Who may include whom (docs/architecture.md), in the tree of the working
# directory. Prints each offending line and fails.
#
# 1. base ← http; base ← transform ← cdc; http ← cdc; base, http ← router;
#    never router ↔ cdc.
# 2. transform/ and cdc/binlog/ do no I/O, read no clock, write no log.
# 3. A header that is neither ours nor the C library's stands in the table
#    below, and is included by the files named there only (and by tests and
#    benchmarks of what wraps it).
# 4. Paths start at the root of the sources; a .c includes its own .h first.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

found=$(mktemp)
trap 'rm -f "$found" "$found".*' EXIT
git ls-files '*.[ch]' >"$found.files"
if [ ! -s "$found.files" ]; then
	echo "check_includes: no source files: nothing was checked" >&2
	exit 1
fi
# file:line:#include …
xargs grep -nHE '^[[:space:]]*#[[:space:]]*include' <"$found.files" \
	>"$found.all" || true

deny() { # deny FOLDER REGEX WHY: nothing under FOLDER/ includes REGEX
	grep -E "^$1/[^:]*:[0-9]+:[^<\"]*[<\"]($2)" "$found.all" |
		sed "s|\$|   <- $3|" >>"$found" || true
}

deny base '(http|transform|cdc|router|tests)/' 'base/ includes base/ only'
deny http '(transform|cdc|router|tests)/' 'http/ includes base/ only'
deny transform '(http|cdc|router|tests)/' 'transform/ includes base/ only'
deny cdc '(router|tests)/' 'cdc/ and router/ share the database, no code'
deny router '(cdc|transform|tests)/' 'cdc/ and router/ share the database, no code'

impure='base/(log|clock|pg|metrics|settings|process|thread)\.h|sys/(socket|stat|types|time)\.h|(poll|fcntl|unistd|time|pthread|signal|netdb|dirent)\.h'
deny transform "$impure" 'transform/ does no I/O'
deny cdc/binlog "$impure" 'cdc/binlog/ does no I/O'
deny cdc/binlog 'cdc/[a-z_]+\.h' 'cdc/binlog/ knows nothing of the rest of cdc/'
deny '[a-z]+' '\.\./|\./' 'paths start at the root of the sources'

# Third-party headers: a pattern, and the files that may include what fits.
table='
libpq-fe\.h                                  base/pg(_connect|_pipe|_result)?\.c|router/pg_(rows|session|setup)\.c
yaml\.h                                      base/yaml\.c
uv\.h                                        http/(conns|server|thread)\.c|router/([a-z_]+/)?[a-z_]+\.c|bench/reads\.c|tests/lib/native_json\.c|tests/unit/router/test_read\.c
llhttp\.h                                    http/parse\.c
(mysql|mysqld_error|errmsg|ma_pvio|ma_common)\.h    cdc/source(_[a-z]+)?\.c
bson/bson\.h                                 cdc/record_bson\.c|cdc/row_bson\.c
curl/curl\.h                                 cdc/webhook\.c
libdeflate\.h                                cdc/binlog/(event|format)\.c
zlib\.h                                      cdc/binlog/deflated\.c
zstd(_errors)?\.h                            cdc/binlog/payload\.c
openssl/[a-z]+\.h                            base/hmac\.c
(uthash|utlist)\.h                           .*\.c
cmocka\.h                                    tests/lib/test\.h
'
libc='(arpa|net|netinet|sys)/[a-z]+\.h|(assert|complex|ctype|dirent|dlfcn|endian|errno|fcntl|fenv|float|getopt|glob|grp|iconv|inttypes|langinfo|libgen|limits|locale|malloc|math|netdb|poll|pthread|pwd|regex|sched|search|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|threads|time|unistd|wchar|wctype)\.h'

while IFS=: read -r file line text; do
	[[ $text == *'<'* ]] || continue
	header=${text#*<} header=${header%%>*}
	[[ $header =~ ^($libc)$ ]] && continue
	known=0
	while read -r pattern files; do
		[[ -n $pattern && $header =~ ^($pattern)$ ]] || continue
		known=1
		[[ $file =~ ^($files)$ || $file =~ ^(tests|bench)/ ]] ||
			echo "$file:$line:$text   <- only in $files"
	done <<<"$table"
	[ $known = 1 ] ||
		echo "$file:$line:$text   <- unknown: add it to the table of tests/check_includes.sh"
done <"$found.all" >>"$found"

while read -r source; do
	[[ $source == *.c ]] || continue
	own=${source%.c}.h
	[ -f "$own" ] || continue
	first=$(grep -m1 -E '^[[:space:]]*#[[:space:]]*include' "$source" || true)
	case $first in
	*"\"$own\""*) ;;
	*) echo "$source:1:$first   <- its own $own comes first" ;;
	esac
done <"$found.files" >>"$found"

if [ -s "$found" ]; then
	sort -u "$found"
	exit 1
fi
echo "$(wc -l <"$found.files") files, $(wc -l <"$found.all") includes: in order"
