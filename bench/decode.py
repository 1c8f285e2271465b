#!/usr/bin/python3
"""How fast the rows of a binlog are decoded, beside mariadb-binlog.

    bench/decode.py [--rows 600000] [--rounds 5]

Starts a private MariaDB, writes a mix of workload.py, and reads the same
binlog file with bench/decode.c (every row of every table, the mapping's
tables, no table, bare packets) and with mariadb-binlog -v, in turn and that
--rounds times; of each the fastest counts, in CPU time. Needs mariadb-server and mariadb-client.
"""

import argparse
import os
import re
import resource
import subprocess

import scene
import workload
from scene import number, say
from tests.lib import compare, programs


THEIRS = "`mariadb-binlog -v`"


def wanted():
    names = list(compare.FLAT)
    for table in compare.VALUES:
        names += [f"{table}_{t}" for t in compare.TYPES]
    return [f"{scene.DATABASE}.{n}" for n in names]


def binlog(rows, sizes):
    """A scene and the one binlog file that all rows are in."""
    stage = scene.Scene(sizes, target=False)
    stage.source.run("flush binary logs")
    name = stage.source.run("show master status")[0][0]
    with stage.source.connect(scene.DATABASE) as db:
        work = workload.Workload(db, sizes)
        work.write("mix", rows)
    stage.source.run("flush binary logs")
    return stage, os.path.join(stage.source.data, name)


def ours(path, tables):
    """way: (CPU seconds, rows)"""
    done = subprocess.run(
        [os.path.join(programs.BUILD, "bench", "bench_decode"), path,
         "1", *tables], capture_output=True, text=True, check=True)
    found = re.findall(r"^(\w+) .* (\d+) rows +([\d.]+) s per round",
                       done.stdout, re.MULTILINE)
    return {way: (float(s), int(n)) for way, n, s in found}


def theirs(path, *options):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["mariadb-binlog", "--no-defaults", *options, path],
                   stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime -
            before.ru_utime - before.ru_stime)


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--rows", type=int, default=600_000)
    p.add_argument("--rounds", type=int, default=5)
    scene.size_options(p, 5000, 5000, 5000)
    a = p.parse_args()
    stage, path = binlog(a.rows, scene.sizes_of(a))
    size = os.path.getsize(path)
    say(f"binlog of {size / 1e6:.0f} MB")
    taken = {}
    for turn in range(a.rounds):
        picked, nothing = ours(path, wanted()), ours(path, ())
        rows = picked["all"][1]
        for name, seconds in (
                ("cdc, every column of every row", picked["all"][0]),
                ("cdc, the mapping's tables only", picked["filter"][0]),
                ("cdc, no table wanted", nothing["filter"][0]),
                ("packets: header and checksum", picked["packets"][0]),
                (THEIRS, theirs(path, "-v")),
                (THEIRS[:-1] + " --base64-output=decode-rows`",
                 theirs(path, "-v", "--base64-output=decode-rows"))):
            taken.setdefault(name, []).append(seconds)
        say(f"round {turn + 1}")
    least = {name: min(seconds) for name, seconds in taken.items()}
    print(f"{scene.about()}; {number(rows)} rows in {size / 1e6:.0f} MB; "
          f"{scene.version('mariadb-binlog', '--version')}.\n")
    scene.table(
        ("reader", "CPU s", "rows/s", "MB/s", "times `mariadb-binlog -v`"),
        [(name, number(s, 3), number(rows / s), number(size / s / 1e6),
          number(least[THEIRS] / s, 1)) for name, s in least.items()])
    stage.close()


if __name__ == "__main__":
    main()
