#!/bin/bash
# Installs what building (build), the demo (demo) or the tests (test) need,
# with apt, as root or through sudo; nothing is done when all is there.
#     deploy/packages.sh build|demo|test
set -euo pipefail

build=(gcc meson ninja-build pkg-config python3 libuv1-dev libpq-dev libbson-dev
	libmariadb-dev libmariadb-dev-compat libcurl4-openssl-dev libssl-dev libyaml-dev
	libzstd-dev zlib1g-dev libdeflate-dev uthash-dev libjansson-dev)
demo=(mariadb-server mariadb-client postgresql postgresql-client
	python3-psycopg python3-pymysql curl jq procps)
test=(clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev cppcheck
	shellcheck libcmocka-dev python3-pytest python3-pytest-xdist python3-yaml
	mmdebstrap pgbouncer)

. /etc/os-release
case "${VERSION_ID:-}" in
13) build+=(libllhttp-dev) test=("${test[@]//-14/-19}") ;;
*) build+=(node-llhttp) ;;
esac

case "${1:-}" in
build) want=("${build[@]}") ;;
demo) want=("${build[@]}" "${demo[@]}") ;;
test) want=("${build[@]}" "${demo[@]}" "${test[@]}") ;;
*)
	echo "usage: $0 build|demo|test" >&2
	exit 2
	;;
esac

missing=()
for package in "${want[@]}"; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
		grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "missing packages: ${missing[*]}: install them, or run as root" >&2
		exit 1
	}
	as_root=(sudo)
fi
echo "installing: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
	"${as_root[@]}" "$@" >"$log" 2>&1 </dev/null || {
		tail -20 "$log" >&2
		exit 1
	}
}
quietly apt-get update -q
# Servers are started by us, privately: keep apt from starting its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee $policy >/dev/null
	"${as_root[@]}" chmod +x $policy
	trap '"${as_root[@]}" rm -f $policy; rm -f "$log"' EXIT
fi
quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
	--no-install-recommends "${missing[@]}"
