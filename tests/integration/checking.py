"""What the tests of cdc --check share: reading its report, doing what its
cures say."""

import contextlib
import json
import re

import pymysql

from demo import shop
from tests.lib import programs


def make_shop(source, name):
    source.run(f"create database {name}")
    with source.connect(name) as c:
        shop.create(c)


class Check:
    """cdc --check of one shop into one target; changes neither."""

    def __init__(self, source, target, directory, database, target_database,
                 extra=None):
        self.source, self.target = source, target
        self.database, self.target_database = database, target_database
        self.cdc = programs.Cdc(source, target, directory, database,
                                target_database, extra)
        self.config = self.cdc.config

    def migrate(self):
        done = self.cdc.call("--migrate")
        assert done.returncode == 0, done.stderr
        return self

    def items(self, code=0):
        """By name, after the exit code was as expected; None: whatever."""
        done = self.cdc.call("--check", "--json", timeout=60)
        assert done.returncode in ((0, 1) if code is None else (code,)), (
            done.stdout + done.stderr)
        report = json.loads(done.stdout)
        assert (report["result"] == "fail") == (done.returncode == 1)
        for side in ("source", "target"):
            assert (self.config[side]["password"] not in
                    done.stdout + done.stderr)
        return {i["name"]: i for i in report["items"]}

    def fails(self, name, *parts):
        """One FAIL, of that name, with these words and on one line; its
        cure."""
        items = self.items(1)
        failed = [i for i in items.values() if i["level"] == "fail"]
        assert [i["name"] for i in failed] == [name], failed
        said = failed[0]["text"] + " " + (failed[0]["cure"] or "")
        for part in parts:
            assert part in said
        assert "\n" not in said
        return failed[0]["cure"]

    def warns(self, name, *parts):
        item = self.items()[name]
        assert item["level"] == "warn", item
        for part in parts:
            assert part in item["text"] + " " + item["cure"]
        return item["cure"]

    def passes(self, name):
        """OK, or not even worth a line."""
        item = self.items(None).get(name)
        assert item is None or item["level"] == "ok", item


def do(server, cure, **where):
    """Run a cure that is SQL, as it is printed."""
    statements = re.sub(r"/\*.*?\*/", "", cure, flags=re.S).split(";")
    assert re.match(r"(SET|GRANT|ALTER|KILL|CALL) ", cure), cure
    for sql in map(str.strip, statements):
        if sql.startswith("KILL"):
            with contextlib.suppress(pymysql.Error):  # it may have gone
                server.run(sql)
        elif sql:
            server.run(sql, **where)
