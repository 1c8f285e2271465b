"""A shop on a source and its copy on a target: what most tests begin with."""

import contextlib
import itertools

from demo import shop
from tests.lib import compare, programs


def fill(source, database, **sizes):
    with source.connect(database) as c:
        shop.create(c)
        shop.Shop(c).fill(**sizes)


numbers = itertools.count(1)
SMALL = {"customers": 60, "products": 40, "categories": 12, "orders": 50}


class Copy:
    """One cdc between a source database and a target database."""

    def __init__(self, source, source_database, target, target_database,
                 directory, extra=None):
        self.source, self.sdb = source, source_database
        self.target, self.tdb = target, target_database
        self.cdc = programs.Cdc(source, target, directory, source_database,
                                target_database, extra)

    def bootstrap(self, *args, code=0):
        done = self.cdc.call("--bootstrap", *args)
        assert done.returncode == code, done.stderr[-2000:]
        return done

    def assert_equal(self):
        found = compare.differences(self.source, self.sdb, self.target,
                                    self.tdb)
        assert not found, "\n".join(found[:20])

    def assert_converged(self, seconds=60):
        self.cdc.wait_caught_up(seconds)
        self.assert_equal()

    def write(self, *statements):
        """All in one transaction of the source; rows it changed."""
        changed = 0
        with self.source.connect(self.sdb) as c, c.cursor() as cursor:
            cursor.execute("set sql_mode = 'NO_AUTO_VALUE_ON_ZERO'")
            c.begin()
            for sql in statements:
                changed += cursor.execute(sql)
            c.commit()
        return changed

    def session(self):
        return self.source.connect(self.sdb)


@contextlib.contextmanager
def databases(source, postgres, kind):
    """Empty ones of the same name on both sides, gone afterwards: for copies
    that outlive a test."""
    name = f"{kind}{next(numbers)}"
    source.run(f"create database {name} character set utf8mb4 "
               "collate utf8mb4_general_ci")
    postgres.create_database(name)
    try:
        yield name
    finally:
        source.run(f"drop database if exists {name}")
        postgres.drop_database(name)


@contextlib.contextmanager
def running(source, source_database, target, target_database, directory,
            sizes=None, extra=None):
    """Filled, bootstrapped, streaming."""
    fill(source, source_database, **(sizes or SMALL))
    copy = Copy(source, source_database, target, target_database, directory,
                extra)
    copy.bootstrap()
    copy.cdc.start()
    try:
        copy.cdc.wait_streaming()
        yield copy
    finally:
        copy.cdc.kill()
