"""Values as the log, the snapshot and SELECT have them.

The log and the snapshot are read by our own code (build/tests/decode_values),
SELECT by PyMySQL, with the server's own conversion to utf8mb4."""

import contextlib
import os
import shutil
import struct
import subprocess

from tests.lib import programs

TOOL = os.path.join(programs.BUILD, "tests", "decode_values")
NULL, TEXT, BYTES = 1, 2, 3
HEAD = struct.Struct("<iB").unpack_from
SESSION = "set time_zone='+00:00', sql_mode='ALLOW_INVALID_DATES'"
COLUMNS = """
    select table_name, column_name, column_type,
           coalesce(character_set_name, '')
    from information_schema.columns where table_schema = %s
    order by table_name, ordinal_position"""


class Refused(Exception):
    """Our code's own error message."""


def run(*args):
    done = subprocess.run([TOOL, *args], capture_output=True, check=False)
    if done.returncode:
        raise Refused(done.stderr.decode(errors="replace"))


def parse(path, count):
    """Rows of `count` values: bytes, or None."""
    if not os.path.exists(path):
        return
    with open(path, "rb") as f:
        data = f.read()
    at = 0
    while at < len(data):
        row = []
        for _ in range(count):
            n, _kind = HEAD(data, at)
            at += 5
            if n < 0:
                row.append(None)
            else:
                row.append(data[at:at + n])
                at += n
        yield tuple(row)


def kinds(path, count):
    """The kinds of the first row's values."""
    with open(path, "rb") as f:
        data = f.read()
    at, out = 0, []
    for _ in range(count):
        n, kind = HEAD(data, at)
        at += 5 + max(n, 0)
        out.append(kind)
    return out


class Values:
    """One database of a server, and the log of what is done to it."""

    def __init__(self, server, database, directory):
        self.server, self.database = server, database
        self.directory = directory
        self.connection = server.connect(
            database, conv={}, use_unicode=False, init_command=SESSION,
            max_allowed_packet=1 << 28)
        self.cursor = self.connection.cursor()
        self.log = None

    def close(self):
        self.connection.close()

    def reset(self):
        """An empty database again."""
        self.execute(f"drop database {self.database}")
        self.execute(f"create database {self.database} character set utf8mb4")
        self.execute(f"use {self.database}")

    def execute(self, sql, args=None):
        self.cursor.execute(sql, args)
        return self.cursor.fetchall()

    def start_log(self):
        """What comes now is in a file of its own."""
        self.execute("flush binary logs")
        name = self.execute("show binary logs")[-1][0].decode()
        self.log = os.path.join(self.server.data, name)

    def schema(self):
        """The database's columns, as a file for decode_values."""
        path = os.path.join(self.directory, "columns")
        rows = self.execute(COLUMNS, (self.database,))
        with open(path, "wb") as f:
            f.writelines(b"\t".join(row) + b"\n" for row in rows)
        return path

    def decode(self, schema=None):
        """All rows of the log; a directory of a file per table."""
        out = os.path.join(self.directory, "stream")
        shutil.rmtree(out, ignore_errors=True)
        os.makedirs(out)
        run("stream", self.log, self.database, out, schema or self.schema())
        return out

    def snapshot(self, sql):
        """What the snapshot makes of a query's rows; a file."""
        path = os.path.join(self.directory, "snapshot")
        run("select", str(self.server.port), self.server.user,
            self.server.password, self.database, path, sql)
        return path


@contextlib.contextmanager
def metadata(server, level):
    """binlog_row_metadata while inside."""
    before = server.run("select @@global.binlog_row_metadata")[0][0]
    server.run(f"set global binlog_row_metadata = {level}")
    try:
        yield
    finally:
        server.run(f"set global binlog_row_metadata = {before}")


def without_zeros(value):
    """The log does not know of ZEROFILL."""
    if value is None:
        return None
    rest = value.lstrip(b"0")
    return rest if rest and rest[:1] != b"." else b"0" + rest
