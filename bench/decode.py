#!/usr/bin/python3
"""How fast the rows of a binlog are decoded, beside mariadb-binlog.

    bench/decode.py [--megabytes 300] [--rounds 5]

Starts a private MariaDB, writes the shop of workload.py, and reads the same
binlog file with bench/decode.c (every row of every table, the mapping's
tables, no table, bare packets) and with mariadb-binlog -v, in turn and that
--rounds times; of each the fastest counts, in CPU time of one thread. Then how
fast `mariadb-binlog --raw` receives the file from the server, in seconds by
the clock. Needs mariadb-server and mariadb-client.
"""

import argparse
import os
import re
import resource
import subprocess
import tempfile
import time

import scene
import workload
from scene import number, say
from tests.lib import compare, programs, servers


THEIRS = "`mariadb-binlog -v`"


def wanted():
    names = list(compare.FLAT)
    for table in compare.VALUES:
        names += [f"{table}_{t}" for t in compare.TYPES]
    return [f"{scene.DATABASE}.{n}" for n in names]


def binlog(megabytes, sizes):
    """A scene and the one binlog file that all rows are in."""
    stage = scene.Scene(sizes, target=False)
    stage.source.run("flush binary logs")
    name, at = stage.source.run("show master status")[0][:2]
    with stage.source.connect(scene.DATABASE) as db:
        work = workload.Workload(db, sizes)
        while at < megabytes * 1e6:
            work.write("shop", 10_000)
            at = stage.source.run("show master status")[0][1]
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


def received(stage, path):
    """MB/s at which mariadb-binlog --raw takes the file from the server."""
    with tempfile.TemporaryDirectory(dir=servers.scratch()) as into:
        begun = time.monotonic()
        subprocess.run(
            ["mariadb-binlog", "--no-defaults", "--raw",
             "--read-from-remote-server", "--host=127.0.0.1",
             f"--port={stage.source.port}", "--user=root",
             f"--result-file={into}/", os.path.basename(path)], check=True)
        seconds = time.monotonic() - begun
        assert os.path.getsize(os.path.join(
            into, os.path.basename(path))) >= os.path.getsize(path)
    return os.path.getsize(path) / seconds / 1e6


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--megabytes", type=int, default=300)
    p.add_argument("--rounds", type=int, default=5)
    scene.size_options(p, 5000, 5000, 5000)
    a = p.parse_args()
    stage, path = binlog(a.megabytes, scene.sizes_of(a))
    size = os.path.getsize(path)
    say(f"binlog of {size / 1e6:.0f} MB")
    taken, rates = {}, []
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
        rates.append(received(stage, path))
        say(f"round {turn + 1}")
    least = {name: min(seconds) for name, seconds in taken.items()}
    print(f"{scene.about()}; {number(rows)} rows in {size / 1e6:.0f} MB; "
          f"{scene.version('mariadb-binlog', '--version')}.\n")
    scene.table(
        ("reader", "CPU s", "rows/s", "MB/s", "times `mariadb-binlog -v`"),
        [(name, number(s, 3), number(rows / s), number(size / s / 1e6),
          number(least[THEIRS] / s, 1)) for name, s in least.items()])
    print(f"Of the rows {number(100 * picked['filter'][1] / rows)} % are of "
          "the mapping's tables. `mariadb-binlog --raw` received "
          f"{number(max(rates))} MB/s from the server on the same machine.")
    print()
    stage.close()


if __name__ == "__main__":
    main()
