#!/bin/bash
# How many source rows a second reach PostgreSQL: see bench/apply.c.
#
#     bench/apply.sh [BUILD [SECONDS [CASE…]]]
#
# Starts a PostgreSQL of its own on 127.0.0.1 and ends it. fsync stays on;
# synchronous_commit is off, as the applier has it by default.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/dev}
shift $(($# > 0 ? 1 : 0))
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
dir=$(mktemp -d)
port=${PORT:-$((20000 + RANDOM % 10000))}
as() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	chown postgres "$dir"
	as() { runuser -u postgres -- "$@"; }
fi
stop() {
	as "$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1 || :
	rm -rf "$dir"
}
trap stop EXIT
as "$bin/initdb" -D "$dir/data" -A trust -U postgres -E UTF8 \
	--locale=C.UTF-8 >/dev/null
settings="-c shared_buffers=512MB -c max_wal_size=8GB -c wal_compression=on"
settings="$settings -c checkpoint_timeout=30min -c wal_buffers=16MB"
# On one line: pg_ctl hands it to a shell.
options="-p $port -c listen_addresses=127.0.0.1"
options="$options -c unix_socket_directories= $settings"
as "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" \
	-o "$options" start >/dev/null
echo "$("$bin/postgres" --version); $(nproc) cores; $settings"
"$build/bench/bench_apply" \
	"host=127.0.0.1 port=$port user=postgres dbname=postgres" "$@"
