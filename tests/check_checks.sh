#!/bin/bash
# Can the check scripts fail? Each is run in a small tree of its own: first in
# order, where it must pass, then with one fault planted, where it must fail
# and name the file. An empty tree must fail too: nothing checked is no pass.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
git init -q .
faults=0 tried=0

put() { # put FILE TEXT
	mkdir -p "$(dirname "$1")"
	printf '%b' "$2" >"$1"
	git add "$1"
}

passes() { # passes SCRIPT
	if ! "$here/check_$1.sh" >out 2>&1; then
		echo "check_$1.sh refuses a tree that is in order:"
		cat out
		faults=$((faults + 1))
	fi
}

fails() { # fails SCRIPT WHY FILE TEXT
	local before=
	[ ! -f "$3" ] || before=$(cat "$3")
	put "$3" "$4"
	tried=$((tried + 1))
	if "$here/check_$1.sh" >out 2>&1; then
		echo "check_$1.sh lets through: $2"
		faults=$((faults + 1))
	elif ! grep -qF "$3" out; then
		echo "check_$1.sh does not name $3 for: $2"
		cat out
		faults=$((faults + 1))
	fi
	git rm -q --cached "$3"
	rm "$3"
	[ -z "$before" ] || put "$3" "$before\n"
}

for script in includes format style cppcheck tidy; do
	tried=$((tried + 1))
	if "$here/check_$script.sh" >out 2>&1; then
		echo "check_$script.sh passes an empty tree"
		faults=$((faults + 1))
	fi
done

cp "$top/.clang-format" "$top/.clang-tidy" .
put meson.build "project('t', 'c', default_options: ['c_std=gnu17'])
static_library('t', 'base/a.c', include_directories: '.')\n"
put base/a.h '#ifndef BASE_A_H\n#define BASE_A_H\n\nint a_twice(int n);\n\n#endif\n'
put base/a.c '#include "base/a.h"\n\nint a_twice(int n)\n{\n\treturn 2 * n;\n}\n'
for script in includes format style cppcheck tidy; do
	passes $script
done

inc() { # inc WHY FILE HEADER
	fails includes "$1" "$2" "#include $3\n"
}
for folder in http transform cdc router tests; do
	inc "base/ includes $folder/" base/b.c "\"$folder/x.h\""
done
for folder in transform cdc router; do
	inc "http/ includes $folder/" http/b.c "\"$folder/x.h\""
done
for folder in http cdc router; do
	inc "transform/ includes $folder/" transform/b.c "\"$folder/x.h\""
done
inc 'cdc/ includes router/' cdc/b.c '"router/x.h"'
inc 'router/ includes cdc/' router/read/b.h '"cdc/x.h"'
inc 'router/ includes transform/' router/b.c '"transform/x.h"'
inc 'transform/ logs' transform/b.c '"base/log.h"'
inc 'transform/ reads a clock' transform/b.h '<time.h>'
inc 'a decoder does I/O' cdc/binlog/b.c '<sys/socket.h>'
inc 'a decoder knows cdc/' cdc/binlog/b.c '"cdc/apply.h"'
inc 'a relative path' cdc/b.c '"../base/a.h"'
inc 'libpq outside pg' cdc/b.c '<libpq-fe.h>'
inc 'libpq in a header' base/b.h '<libpq-fe.h>'
inc 'libyaml outside yaml.c' base/b.c '<yaml.h>'
inc 'libuv in cdc/' cdc/b.c '<uv.h>'
inc 'libuv in a header' router/b.h '<uv.h>'
inc 'mysql in router/' router/b.c '<mysql.h>'
inc 'mysql elsewhere in cdc/' cdc/b.c '<mysql/mysql.h>'
inc 'llhttp in router/' router/b.c '<llhttp.h>'
inc 'bson outside its file' cdc/b.c '<bson/bson.h>'
inc 'zlib in base/' base/b.c '<zlib.h>'
inc 'an unknown library' base/b.c '<glib.h>'
fails includes 'own header not first' base/a.c \
	'#include <stdio.h>\n#include "base/a.h"\n'

fails format 'blanks for tabs' base/b.c 'int b(void)\n{\n    return 1;\n}\n'

st() { # st WHY CODE
	fails style "$1" base/b.c "$2\n"
}
for call in strcpy strcat sprintf vsprintf gets strtok alloca atoi atol atof \
	system popen gmtime localtime rand malloc strdup; do
	st "$call()" "\tx = $call(y);"
done
st '// comment' 'int b; // note'
st 'a note to finish' "/* TO""DO: finish */"
st 'a path of this machine' "/* see /work""/main */"
st 'blanks at the end' 'int b; '
fails style 'typedef of a struct' base/b.h 'typedef struct b b_t;\n'
fails style 'a long file' base/b.c "$(printf 'int b;\\n%.0s' {1..501})"
fails style 'tabs in Python' tests/b.py 'if x:\n\tpass\n'
fails style 'an unfinished script' tests/b.sh "# FIX""ME\n"

fails cppcheck 'a read past the end' base/b.c \
	'int b(void)\n{\n\tint x[2] = { 0 };\n\n\treturn x[2];\n}\n'

fails tidy 'a null pointer is followed' base/a.c \
	'#include "base/a.h"\n\nint a_twice(int n)\n{\n\tint *p = 0;\n\n\treturn n ? *p : 0;\n}\n'
fails tidy 'seven parameters' base/a.c \
	'#include "base/a.h"\n\nint b(int c, int d, int e, int f, int g, int h, int i)\n{\n\treturn c + d + e + f + g + h + i;\n}\n'
fails tidy 'a source nobody compiles' base/b.c 'int b;\n'

echo "$tried faults planted, $faults not found"
[ $faults = 0 ]
