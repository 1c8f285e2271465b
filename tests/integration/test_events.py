"""Every form in which the servers at hand write events: compressed, cut up,
partial, with tags. What they do not write has unit tests."""

import contextlib
import itertools
import os
import re

import pytest

from tests.integration import shops
from tests.integration.test_stream import CASES
from tests.lib import programs, servers

pytestmark = pytest.mark.slow

numbers = itertools.count(1)
MAPPING = os.path.join(programs.ROOT, "schema", "magento.yaml")


@contextlib.contextmanager
def settings(server, **values):
    """Global ones, as they were afterwards."""
    before = {name: server.run(f"select @@global.{name}")[0][0]
              for name in values}
    server.script([f"set global {n} = {v}" for n, v in values.items()])
    try:
        yield
    finally:
        for name, value in before.items():
            server.run(f"set global {name} = %s", args=(value,))


def event_types(server):
    """Of the log that is being written."""
    file = server.run("show binary logs")[-1][0]
    return {row[2] for row in server.run(f"show binlog events in '{file}'")}


def audited(copy):
    """The transactions that were applied, by name."""
    return [row[0] for row in copy.target.run(
        "select transaction from ficus.audit order by ordinal", copy.tdb)]


@pytest.fixture
def copy(source, source_database, postgres, target_database, directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory) as c:
        yield c


class Own:
    """A copy that has a table of the shop's own beside Magento's."""

    def __init__(self, copy, table):
        self.copy, self.table = copy, table

    def write(self, *statements, before=()):
        with self.copy.session() as c, c.cursor() as cursor:
            for sql in before:
                cursor.execute(sql)
            c.begin()
            for sql in statements:
                cursor.execute(sql.replace("{t}", self.table))
            c.commit()

    def assert_equal(self, theirs, ours, seconds=0):
        """The same rows by either server's expressions; within so many
        seconds when rows are read again."""
        self.copy.cdc.wait_caught_up()
        want = list(self.copy.source.run(
            f"select id, {theirs} from {self.table} order by id",
            self.copy.sdb))

        def have():
            return self.copy.target.run(
                f"select id, {ours} from public.{self.table} order by id",
                self.copy.tdb)
        if seconds:
            servers.wait_until("rows read again", seconds,
                               lambda: have() == want)
        assert have() == want and want


@contextlib.contextmanager
def own_table(source, postgres, directory, theirs, ours, rows=(), extra=None):
    """The columns besides `id` at the source and at the target."""
    name = f"own{next(numbers)}"
    mapping = os.path.join(directory, "mapping.yaml")
    with open(MAPPING) as given, open(mapping, "w") as f:
        f.write(given.read())
        f.write(f"  - source: {name}\n    kind: row\n    target: {name}\n"
                f"    domain: catalog\n    family: {name}\n    link: id\n")
    source.run(f"create database {name} character set utf8mb4")
    postgres.create_database(name)
    shops.fill(source, name, **shops.SMALL)
    source.run(f"create table {name} (id int primary key, {theirs})", name)
    copy = shops.Copy(source, name, postgres, name, directory, extra)
    assert copy.cdc.call("--migrate").returncode == 0
    postgres.run(f"create table public.{name} (id integer "
                 f"primary key, {ours})", name)
    copy.cdc.config = programs.merge(copy.cdc.config,
                                     {"transform": {"mapping": mapping}})
    own = Own(copy, name)
    own.write(*rows)
    copy.bootstrap()
    copy.cdc.start()
    try:
        copy.cdc.wait_streaming()
        yield own
    finally:
        copy.cdc.kill()
        source.run(f"drop database {name}")
        postgres.drop_database(name)


def compressed(server, min_length=256):
    """Whatever that server has of it; new sessions have it too."""
    if server.flavour == "mysql":
        return settings(server, binlog_transaction_compression=1)
    return settings(server, log_bin_compress=1,
                    log_bin_compress_min_len=min_length)


def test_case_80_82_compressed_transactions(copy, source):
    """MariaDB: also of so few bytes that nothing stays as it is."""
    source.run("flush binary logs")
    for min_length in (10, 256):
        with compressed(source, min_length):
            for statements in (CASES.values() if min_length == 10 else [
                    ["update customer_entity set firstname = "
                     "concat(firstname, repeat('x', 200))"]]):
                copy.write(*statements)
    found = " ".join(event_types(source))
    assert "Transaction_payload" in found or "_compressed_v1" in found
    copy.assert_converged()
    # And by itself as before.
    copy.write("update customer_entity set lastname = 'plain again'")
    copy.assert_converged()


PARTIAL = ["set session binlog_row_value_options = 'PARTIAL_JSON'"]
DOCUMENTS = [
    "insert into {t} values (1, 'a', '{\"a\": 1, \"b\": [1, 2, 3], \"name\": "
    "\"x\"}', null)",
    "insert into {t} values (2, 'b', '[1, {\"k y\": 1.5}, \"é\", null]', "
    "'{\"big\": [1, 2]}')",
    "insert into {t} values (3, 'c', null, '{}')",
    "insert into {t} select n + 10, 'many', json_object('n', n, 'list', "
    "json_array(n, n + 1), 'text', repeat('t', 300)), json_object() from "
    "(select 0 n union select 1 union select 2 union select 3) x",
]
CHANGES = {
    "one": ["update {t} set doc = json_set(doc, '$.a', 2) where id = 1"],
    "several": ["update {t} set doc = json_remove(json_set(doc, '$.b[1]', "
                "'two', '$.b[3]', json_object('deep', true), '$.zz', -7), "
                "'$.name'), more = null where id = 1"],
    "odd paths": ["update {t} set doc = json_set(doc, '$[1].\"k y\"', "
                  "cast('2021-01-02' as date), '$[last]', 1.25), "
                  "more = json_replace(more, '$.big[1]', 18446744073709551615)"
                  " where id = 2"],
    "rows at once": ["update {t} set doc = json_set(doc, '$.list[0]', id), "
                     "note = concat(note, '!') where id >= 10"],
    "two columns": ["update {t} set doc = json_set(doc, '$.n', 'x'), more = "
                    r"""json_set(more, '$."q\\"uote"', 1, '$.b', 2) """
                    "where id >= 10"],
    "null and back": ["update {t} set doc = null where id = 10",
                      "update {t} set doc = '[]' where id = 10",
                      "update {t} set doc = json_array_append(doc, '$', 1) "
                      "where id = 10"],
    "unchanged": ["update {t} set note = 'same', doc = json_set(doc, '$.n', "
                  "'x') where id = 11"],
}


def test_case_77_partial_updates_of_json(mysql, postgres, directory):
    with own_table(mysql, postgres, directory,
                   "note varchar(20), doc json, more json",
                   "note text, doc text, more text", DOCUMENTS) as own:
        own.assert_equal("note, cast(doc as char), cast(more as char)",
                         "note, doc, more")
        mysql.run("flush binary logs")
        for statements in CHANGES.values():
            own.write(*statements, before=PARTIAL)
        assert "Update_rows_partial" in event_types(mysql)
        own.assert_equal("note, cast(doc as char), cast(more as char)",
                         "note, doc, more")
        # Without a document before, nothing can be applied to it.
        own.write("update {t} set doc = json_set(doc, '$.list[1]', 'far') "
                  "where id > 11", before=PARTIAL + [
                      "set session binlog_row_image = 'MINIMAL'"])
        own.assert_equal("note, cast(doc as char), cast(more as char)",
                         "note, doc, more", 60)
        # And inside a compressed transaction.
        own.write("update {t} set doc = json_set(doc, '$.n', 'packed') where "
                  "id > 10", before=PARTIAL + [
                      "set session binlog_transaction_compression = 1"])
        own.assert_equal("note, cast(doc as char), cast(more as char)",
                         "note, doc, more")


@pytest.mark.slow
@pytest.mark.parametrize("metadata", ["FULL", "NO_LOG"])
def test_case_83_compressed_columns(mariadb, postgres, directory, metadata):
    columns = ("short varchar(2000) compressed, latin varchar(300) character "
               "set latin1 compressed, bytes varbinary(500) compressed, "
               "words text compressed, raw blob compressed, plain varchar(20)")
    rows = [
        "insert into {t} values (1, repeat('é', 900), repeat('é', 250), "
        "repeat(0xff00, 200), repeat('ab', 9000), repeat(0x0001, 60), 'p')",
        "insert into {t} values (2, '', '', '', '', '', '')",
        "insert into {t} values (3, null, null, null, null, null, null)",
        "insert into {t} values (4, 'é', 'é', 0xff, 'short', 0x00, 'p')",
    ]
    theirs = "short, latin, hex(bytes), words, hex(raw), plain"
    ours = ("short, latin, upper(encode(bytes, 'hex')), words, "
            "upper(encode(raw, 'hex')), plain")
    with settings(mariadb, binlog_row_metadata=f"'{metadata}'"), own_table(
            mariadb, postgres, directory, columns,
            "short text, latin text, bytes bytea, words text, raw bytea, "
            "plain text", rows) as own:
        own.assert_equal(theirs, ours)
        own.write("insert into {t} select id + 10, short, latin, bytes, "
                  "words, raw, 'again' from {t}")
        own.write("update {t} set short = concat(short, short), plain = 'u' "
                  "where id in (11, 4)",
                  before=["set column_compression_zlib_wrap = 1"])
        own.write("update {t} set words = repeat(words, 2), raw = 0x61 "
                  "where id = 11",
                  before=["set column_compression_zlib_level = 0"])
        own.assert_equal(theirs, ours)
        with compressed(mariadb, 10):
            own.write("delete from {t} where id = 2",
                      "update {t} set latin = repeat('ÿ', 300)")
        own.assert_equal(theirs, ours)


@pytest.mark.slow
def test_case_23_offsets_where_events_have_none(mariadb118, postgres,
                                                target_database, directory):
    """MariaDB 11.4 and later leave them out inside a transaction."""
    mariadb118.run("create database offsets")
    extra = {"source": {"position_mode": "file"}}
    with shops.running(mariadb118, "offsets", postgres, target_database,
                       directory, extra=extra) as copy:
        mariadb118.run("flush binary logs")
        for statements in CASES.values():
            copy.write(*statements)
            copy.cdc.wait_caught_up()
        copy.assert_converged()
        file = mariadb118.run("show binary logs")[-1][0]
        events = mariadb118.run(f"show binlog events in '{file}'")
        assert {row[4] for row in events if row[2] == "Table_map"} == {0}
        ends = {f"{file}:{row[4]}" for row in events
                if row[2] in ("Xid", "Query")}
        ours = {row[0] for row in postgres.run(
            "select file_position from ficus.checkpoint where changes > 0",
            target_database) if row[0].startswith(file)}
        # What stands in front of the first transaction is a place, too.
        assert len(ours & ends) > 10 and len(ours - ends) <= 1
    mariadb118.run("drop database offsets")


@pytest.mark.slow
def test_tagged_gtids(mysql, postgres, target_database, directory):
    mysql.run("create database tagged")
    extra = {"source": {"position_mode": "gtid"},
             "replication": {"audit": True}}
    with shops.running(mysql, "tagged", postgres, target_database, directory,
                       extra=extra) as copy:
        for n, tag in enumerate(("", ":a_tag", ":" + "z" * 32, ":a_tag", "")):
            with copy.session() as c, c.cursor() as cursor:
                cursor.execute(f"set gtid_next = 'AUTOMATIC{tag}'")
                cursor.execute("update customer_entity set firstname = "
                               f"'tag {n}' where entity_id = {n + 1}")
            if n == 2:  # a position with tags is one to start from
                copy.cdc.wait_caught_up()
                assert copy.cdc.stop()[0] == 0
                copy.cdc.start()
        copy.assert_converged()
        names = audited(copy)
        assert any(":a_tag:2" in name for name in names)
        assert any(f":{'z' * 32}:1" in name for name in names)
        position = postgres.run("select position from ficus.checkpoint order "
                                "by seq desc limit 1", target_database)[0][0]
        assert ":a_tag:1-2" in position
    mysql.run("drop database tagged")


def resident_mib(program):
    with open(f"/proc/{program.process.pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024


@pytest.mark.slow
@pytest.mark.parametrize("server", ["mariadb", "mysql"])
def test_case_87_events_of_several_packets(request, server, postgres,
                                           directory):
    """A packet has 16 MiB less one byte at most."""
    source = request.getfixturevalue(server)
    extra = {"replication": {"max_value_size": "64MiB"}}
    theirs = "length(raw), sha2(raw, 256)"
    ours = "length(raw), encode(sha256(raw), 'hex')"
    with own_table(source, postgres, directory, "raw longblob", "raw bytea",
                   ["insert into {t} values (1, 'x')"], extra) as own:
        sizes = (16777215 - 40, 16777216, 33554432 + 17)
        for n, size in enumerate(sizes):
            own.write(f"insert into {{t}} values ({n + 2}, "
                      f"repeat(char(0x61 + {n}), {size}))")
        own.assert_equal(theirs, ours)
        with compressed(source):
            own.write("update {t} set raw = repeat('z', 20000000) "
                      "where id = 2")
        own.assert_equal(theirs, ours)
        # What that took is given back, but for libpq's own buffer.
        own.write("delete from {t} where id > 1")
        own.assert_equal(theirs, ours)
        own.copy.cdc.wait_caught_up()
        assert resident_mib(own.copy.cdc) < 100


@pytest.mark.slow
def test_case_80_a_payload_larger_than_memory(mysql, postgres, directory):
    """Some 300 MiB when expanded, in 128 MiB."""
    with own_table(mysql, postgres, directory, "words mediumtext, other text",
                   "words text",
                   ["insert into {t} values (0, 'first', null)"]) as own:
        with own.copy.session() as c, c.cursor() as cursor:
            cursor.execute("create table elsewhere (id int primary key "
                           "auto_increment, words mediumtext)")
        mysql.run("flush binary logs")
        with compressed(mysql):
            own.write(
                "insert into elsewhere (words) select repeat('far away ', "
                "50000) from customer_entity a, customer_entity b limit 500",
                "insert into {t} select 1000 + id, repeat('here ', 20000), "
                "null from elsewhere",
                "update {t} set words = concat('x', words)")
        assert "Transaction_payload" in event_types(mysql)
        own.assert_equal("length(words), sha2(words, 256)",
                         "length(words), encode(sha256(words::bytea), 'hex')")
        peak = own.copy.cdc.resident_peak_mib()
        print(f"payload: {peak:.0f} MiB")
        assert peak < 128


@pytest.mark.slow
@pytest.mark.parametrize("metadata", ["FULL", "NO_LOG"])
def test_case_160_161_odd_names_and_hidden_columns(mariadb, postgres,
                                                   directory, metadata):
    """A UNIQUE on a long text has a column of its own, which only the log
    shows; names are what people make of them."""
    columns = "words text, `größe $.1` int, note varchar(20), unique (words)"
    with settings(mariadb, binlog_row_metadata=f"'{metadata}'"), own_table(
            mariadb, postgres, directory, columns,
            'words text, "größe $.1" integer, note text',
            ["insert into {t} values (1, 'a', 5, 'x')"]) as own:
        own.write("insert into {t} values (2, repeat('ü', 2000), -7, 'y'), "
                  "(3, null, null, null)")
        own.write("update {t} set words = concat(words, '!'), note = 'z'")
        own.write("delete from {t} where id = 3")
        own.assert_equal("words, `größe $.1`, note",
                         'words, "größe $.1", note')


@pytest.mark.slow
def test_case_97_rows_that_say_their_partition(mysql, postgres, directory):
    with own_table(mysql, postgres, directory, "note varchar(20)", "note text",
                   ["alter table {t} partition by hash(id) partitions 3",
                    "insert into {t} values (1, 'a'), (2, 'b'), (3, 'c')"]
                   ) as own:
        own.write("insert into {t} values (4, 'd'), (5, 'e')")
        own.write("update {t} set id = id + 10, note = 'moved' where id > 2")
        own.write("delete from {t} where id = 13")
        own.assert_equal("note", "note")
