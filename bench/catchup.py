#!/usr/bin/python3
"""How fast cdc works off a backlog, from MariaDB's binlog to PostgreSQL.

    bench/catchup.py [--rows 1000000] [--kinds values,feed,orders,mix]
                     [--customers 20000 --products 10000 --orders 20000]

Starts a private MariaDB and PostgreSQL, fills a shop, copies it, and for each
kind of workload.py: writes a backlog while cdc is stopped, starts cdc, and
takes the time until all is in PostgreSQL. At the end source and copy are
compared value by value (of the new orders every fiftieth, and their number). Needs what the tests need (mariadb-server,
postgresql, python3-pymysql, python3-psycopg) and some GB in $TMPDIR; a row is
a row of the binlog of a table that is copied.
"""

import argparse
import time

import scene
import workload
from scene import number, say
from tests.lib import compare


def target_writes(target):
    """Rows that PostgreSQL has written into the records."""
    return int(target.run(
        "select sum(n_tup_ins + n_tup_upd + n_tup_del) from "
        "pg_stat_user_tables where schemaname = 'public'", scene.TARGET)[0][0])


def commits(target):
    return target.run("select max(seq) from ficus.checkpoint",
                      scene.TARGET)[0][0]


def one(stage, copy, work, kind, rows):
    begun = time.monotonic()
    transactions = work.transactions
    rows = work.write(kind, rows)
    transactions = work.transactions - transactions
    say(f"{kind}: {rows} rows written in {time.monotonic() - begun:.0f} s")
    stage.target.run("checkpoint")
    written, batches = target_writes(stage.target), commits(stage.target)
    postgres, mariadb = (scene.cpu(s.process.pid)
                         for s in (stage.target, stage.source))
    begun = time.monotonic()
    copy.cdc.start()
    copy.cdc.wait_caught_up(1800)
    seconds = time.monotonic() - begun
    cdc = scene.cpu(copy.cdc.process.pid)
    postgres = scene.cpu(stage.target.process.pid) - postgres
    mariadb = scene.cpu(stage.source.process.pid) - mariadb
    peak = copy.cdc.resident_peak_mib()
    copy.cdc.stop()
    time.sleep(1)  # PostgreSQL's counters come late
    written = target_writes(stage.target) - written
    batches = commits(stage.target) - batches
    return (kind, number(rows), number(transactions), number(written),
            number(batches), number(seconds, 1), number(rows / seconds), number(cdc, 1),
            number(postgres, 1), number(mariadb, 1), number(peak))


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--rows", type=int, default=1_000_000)
    p.add_argument("--kinds", default=",".join(workload.KINDS))
    scene.size_options(p)
    arguments = p.parse_args()
    sizes = scene.sizes_of(arguments)
    stage = scene.Scene(sizes)
    copy = stage.copy()
    result = []
    with stage.source.connect(scene.DATABASE) as db:
        work = workload.Workload(db, sizes)
        for kind in arguments.kinds.split(","):
            result.append(one(stage, copy, work, kind, arguments.rows))
    say("comparing")
    found = compare.differences(
        stage.source, scene.DATABASE, stage.target, scene.TARGET,
        where={table: f"where {key} < 10000000 or {key} % 50 = 0"
               for table, key, _ in workload.ORDER})
    if found:
        raise SystemExit("the copy differs:\n" + "\n".join(found))
    print(f"{scene.about()}; MariaDB, cdc and PostgreSQL "
          f"({', '.join(scene.POSTGRES)}) on it together; source and copy "
          "equal at the end.\n")
    scene.table(("backlog", "source rows", "transactions", "target writes", "commits",
                 "seconds", "rows/s", "cdc CPU s", "PostgreSQL CPU s",
                 "MariaDB CPU s", "cdc peak MiB"), result)
    stage.close()


if __name__ == "__main__":
    main()
