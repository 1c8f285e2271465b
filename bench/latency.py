#!/usr/bin/python3
"""How long after its commit a change can be read from the copy.

    bench/latency.py [--rates 200,500] [--seconds 20] [--snapshot]

One process commits at a steady rate on MariaDB (a customer changed and a line
of an order's history added), another asks PostgreSQL for the newest line all
the time; both read the same monotonic clock. The time of a transaction is
from the return of its COMMIT to the return of the first read that shows it,
so it includes up to one period of the reader. --snapshot adds runs with a
snapshot on the target that stays open from a minute before to the end
(600 s before with --snapshot=600). Needs what the tests need.
"""

import argparse
import multiprocessing
import time

import scene
from scene import number, say

READER_PERIOD = 0.0005
FIRST = 50_000_000  # ids of the lines we add


def writer(source, rate, seconds, first, customers, queue):
    committed, late = [], 0
    with source.connect(scene.DATABASE) as db, db.cursor() as c:
        due = time.monotonic()
        end = due + seconds
        while due < end:
            now = time.monotonic()
            if now < due:
                time.sleep(due - now)
            elif now > due + 0.1:
                late += 1
            n = first + len(committed)
            db.begin()
            c.execute(f"update customer_entity set firstname = 'Eva {n}' "
                      f"where entity_id = {1 + n * 7 % customers}")
            c.execute("insert into sales_order_status_history (entity_id, "
                      f"parent_id, status) values ({n}, 1, 'pending')")
            db.commit()
            committed.append(time.monotonic())
            due += 1 / rate
    queue.put((committed, late))


def reader(target, stop, queue):
    seen = []  # (time, newest line then)
    with target.connect(scene.TARGET) as db, db.cursor() as c:
        last = None
        while not stop.is_set():
            c.execute("select max(entity_id) from order_status_history",
                      prepare=True)
            newest = c.fetchone()[0]
            if newest != last:
                seen.append((time.monotonic(), newest))
                last = newest
            time.sleep(READER_PERIOD)
    queue.put(seen)


def delays(first, committed, seen):
    """Milliseconds per transaction; those never seen are an error."""
    out, at = [], 0
    for k, moment in enumerate(committed):
        while at < len(seen) and (seen[at][1] or 0) < first + k:
            at += 1
        if at == len(seen):
            raise SystemExit(f"transaction {k} was never seen in the copy")
        out.append(max(0.0, (seen[at][0] - moment) * 1000))
    return sorted(out)


def one(stage, copy, rate, seconds, first, customers):
    queue, shown = multiprocessing.Queue(), multiprocessing.Queue()
    stop = multiprocessing.Event()
    ways = [multiprocessing.Process(target=reader,
                                    args=(stage.target, stop, shown)),
            multiprocessing.Process(target=writer, args=(
                stage.source, rate, seconds, first, customers, queue))]
    cdc = scene.cpu(copy.cdc.process.pid)
    for process in ways:
        process.start()
    committed, late = queue.get()
    copy.cdc.wait_caught_up()
    time.sleep(0.2)
    stop.set()
    seen = shown.get()
    for process in ways:
        process.join()
    cdc = scene.cpu(copy.cdc.process.pid) - cdc
    took = delays(first, committed, seen)
    reached = (len(committed) - 1) / (committed[-1] - committed[0])

    def at(share):
        return number(took[min(len(took) - 1, int(len(took) * share))], 1)
    say(f"{rate}/s: {len(took)} transactions, the writer late {late} times")
    return (number(reached), number(len(took)), at(0.5), at(0.9), at(0.99),
            at(1), number(cdc / seconds * 100, 1))


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--rates", default="200,500")
    p.add_argument("--seconds", type=float, default=20)
    p.add_argument("--snapshot", nargs="?", type=int, const=60, default=None)
    scene.size_options(p, 5000, 1000, 1000)
    a = p.parse_args()
    stage = scene.Scene(scene.sizes_of(a))
    copy = stage.copy()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    time.sleep(2)
    rows, first = [], FIRST
    rates = [int(x) for x in a.rates.split(",")]
    for rate in rates:
        first += 10_000_000
        rows.append((f"{rate}/s", *one(stage, copy, rate, a.seconds, first,
                                       a.customers)))
    if a.snapshot is not None:
        with stage.target.connect(scene.TARGET, autocommit=False) as old:
            old.execute("set transaction isolation level repeatable read")
            old.execute("select count(*) from customers").fetchone()
            first += 10_000_000
            one(stage, copy, rates[-1], a.snapshot, first, a.customers)
            for rate in rates:
                first += 10_000_000
                rows.append((f"{rate}/s, snapshot open",
                             *one(stage, copy, rate, a.seconds, first,
                                  a.customers)))
    copy.assert_equal()
    copy.cdc.stop()
    print(f"{scene.about()}; writer, MariaDB, cdc, PostgreSQL and reader on "
          "it together.\n")
    scene.table(("asked for", "transactions/s", "transactions", "p50 ms",
                 "p90 ms", "p99 ms", "most ms", "cdc CPU %"), rows)
    stage.close()


if __name__ == "__main__":
    main()
