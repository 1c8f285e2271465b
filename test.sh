#!/bin/bash
# Installs what is missing, builds with gcc, clang and the sanitizers, checks
# the sources, and runs all tests against real servers that it starts itself.
#
#     ./test.sh           everything (about 30 minutes on 2 cores)
#     ./test.sh --quick   gcc and sanitizer builds, unit tests, the main
#                         integration tests (5 minutes)
#
# The last line is "N passed, N failed, N skipped"; the exit code is 0 only
# when nothing failed.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
quick=0
case "${1:-}" in
'') ;;
--quick) quick=1 ;;
*)
	echo "usage: $0 [--quick]" >&2
	exit 2
	;;
esac

passed=0 failed=0 skipped=0
out=$PWD/build/test
mkdir -p "$out"

count() { # count PASSED FAILED SKIPPED
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# A command that is one test: its output is shown only when it fails.
check() { # check NAME COMMAND…
	local name=$1 log begun=$SECONDS
	shift
	log=$out/$name.log
	if "$@" >"$log" 2>&1 </dev/null; then
		count 1 0 0
		echo "ok      $name ($((SECONDS - begun)) s)"
	else
		count 0 1 0
		echo "FAILED  $name ($((SECONDS - begun)) s):"
		tail -40 "$log"
		return 1
	fi
}

# JUnit reports of a run that has ended.
tally() { # tally NAME FILE…
	local name=$1 sums
	shift
	sums=$(python3 tests/lib/tally.py "$@" 2>"$out/$name.tally")
	cat "$out/$name.tally"
	# shellcheck disable=SC2086 # three numbers
	count $sums
	echo "$name: $sums (passed, failed, skipped)"
}

build() { # build NAME CC MESON-OPTION…
	local name=$1 cc=$2
	shift 2
	if [ ! -f "build/$name/build.ninja" ]; then
		rm -rf "build/$name"
		check "setup-$name" env CC="$cc" meson setup "build/$name" "$@" ||
			return 1
	fi
	check "build-$name" ninja -C "build/$name"
}

unit() { # unit NAME: the unit tests of a build
	rm -f "build/$1/meson-logs/testlog.junit.xml"
	timeout 900 meson test -C "build/$1" --no-rebuild --suite unit \
		--timeout-multiplier 4 >"$out/unit-$1.log" 2>&1 </dev/null ||
		tail -30 "$out/unit-$1.log"
	tally "unit-$1" "build/$1/meson-logs/testlog.junit.xml"
}

# Three processes with servers of their own, as much of the time is waiting
# for these. Beyond 40 minutes something hangs.
integration() { # integration NAME BUILD PYTEST-ARGUMENT…
	local name=$1 build=$2
	shift 2
	rm -f "$out/$name.xml"
	FICUS_BUILD=$PWD/build/$build timeout 2400 /usr/bin/python3 -m pytest \
		-q -n 3 --dist loadfile -p no:cacheprovider --durations=30 \
		--junitxml="$out/$name.xml" -o junit_family=xunit1 \
		tests/integration "$@" >"$out/$name.log" 2>&1 </dev/null ||
		tail -80 "$out/$name.log"
	tally "$name" "$out/$name.xml"
}

# Each target over its corpus, then on its own: 60 s for what decodes a binlog,
# 20 s for the others. Two at a time, told in the order they were started in.
fuzz() {
	local target name seconds running=()
	for target in build/fuzz/tests/fuzz/fuzz_*; do
		if [ ! -f "$target" ] || [ ! -x "$target" ]; then continue; fi
		[ ${#running[@]} -lt 2 ] || fuzzed
		name=$(basename "$target")
		case ${name#fuzz_} in
		http_* | mapping | routes | settings | target | transcode | yaml)
			seconds=20 ;;
		*) seconds=60 ;;
		esac
		mkdir -p "$out/corpus/$name" "tests/fuzz/corpus/${name#fuzz_}"
		"$target" -max_total_time="$seconds" -timeout=10 \
			-rss_limit_mb=1024 -print_final_stats=0 \
			-artifact_prefix="$out/$name-" "$out/corpus/$name" \
			"tests/fuzz/corpus/${name#fuzz_}" \
			>"$out/$name.log" 2>&1 </dev/null &
		running+=("$name $! $seconds")
	done
	while [ ${#running[@]} -gt 0 ]; do fuzzed; done
}

fuzzed() { # the first of running
	local name pid seconds
	read -r name pid seconds <<<"${running[0]}"
	running=("${running[@]:1}")
	if wait "$pid"; then
		count 1 0 0
		echo "ok      $name ($seconds s, two at a time)"
	else
		count 0 1 0
		echo "FAILED  $name:"
		tail -40 "$out/$name.log"
	fi
}

clang=$(command -v clang-14 || command -v clang-19 || command -v clang || true)
check packages deploy/packages.sh test || exit 1
# Servers of other suites are unpacked meanwhile; who needs one waits for it.
/usr/bin/python3 -m tests.lib.servers >"$out/trees.log" 2>&1 </dev/null &
clang=${clang:-$(command -v clang-14 || command -v clang-19)}

if build dev gcc; then unit dev; fi
if build asan gcc -Db_sanitize=address,undefined -Darena_debug=true \
	-Dbuildtype=debugoptimized; then unit asan; fi
for script in tests/check_*.sh; do
	[ "$quick" = 1 ] && case $script in *tidy* | *cppcheck*) continue ;; esac
	check "$(basename "$script" .sh)" "$script"
done

if [ "$quick" = 1 ]; then
	integration integration dev -m "not slow"
else
	if build clang "$clang"; then unit clang; fi
	integration integration dev
	integration integration-asan asan -m sanitize
	if build tsan gcc -Db_sanitize=thread; then unit tsan; fi
	if build fuzz "$clang" -Dfuzz=true -Db_sanitize=address,undefined \
		-Db_lundef=false; then fuzz; fi
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
