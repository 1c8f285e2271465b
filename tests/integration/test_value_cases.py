"""Values at the edges of their types, each by the number of its hard case:
the log, the snapshot and SELECT agree, and it is the text that is expected."""

import json
import os

import pymysql
import pytest

from tests.lib import values

pytestmark = pytest.mark.slow

ALL = ["mariadb", "mysql", "mariadb118"]
MARIADB = ["mariadb", "mariadb118"]


def bench_of(request, tmp_path):
    server = request.getfixturevalue(request.param)
    server.run("create database cases character set utf8mb4")
    bench = values.Values(server, "cases", str(tmp_path))
    yield bench
    bench.close()
    server.run("drop database cases")


@pytest.fixture(params=ALL)
def bench(request, tmp_path):
    yield from bench_of(request, tmp_path)


@pytest.fixture(params=MARIADB)
def mariadb_bench(request, tmp_path):
    yield from bench_of(request, tmp_path)


@pytest.fixture(params=["mysql"])
def mysql_bench(request, tmp_path):
    yield from bench_of(request, tmp_path)


def read(bench, columns, rows, level="full"):
    """`columns` is DDL, `rows` are SQL lists of values. What the log holds,
    which is what SELECT says and the snapshot reads."""
    names = [c.split()[0] for c in columns]
    with values.metadata(bench.server, level):
        bench.start_log()
        bench.execute(f"create table t ({', '.join(columns)})")
        for row in rows:
            bench.execute(f"insert into t ({', '.join(names)}) values ({row})")
    return agreed(bench, names)


def agreed(bench, names):
    sql = f"select {', '.join(names)} from t"
    path = os.path.join(bench.decode(), "t")
    got = list(values.parse(path, len(names)))
    assert got == list(bench.execute(sql))
    with open(path, "rb") as a, open(bench.snapshot(sql), "rb") as b:
        assert a.read() == b.read()
    return [[None if v is None else v for v in row] for row in got]


def column(bench, ddl, literals, level="full"):
    """The texts of one column."""
    rows = read(bench, [f"c {ddl}"], literals, level)
    return [v if v is None else v.decode() for v, in rows]


def test_case_91_collations_of_more_than_a_byte(bench):
    charset = {"mysql": "utf8mb4 collate utf8mb4_0900_ai_ci"}.get(
        bench.server.flavour, "utf8mb4 collate utf8mb4_unicode_nopad_ci")
    rows = read(bench, [f"a varchar(9) character set {charset}",
                        "b varchar(9) character set latin1",
                        f"c varchar(9) character set {charset}"],
                ["'😀', 'é', '中'"])
    assert rows == [["😀".encode(), "é".encode(), "中".encode()]]


def test_case_92_signs_of_numeric_columns_only(bench):
    rows = read(bench, [
        "a varchar(3)", "b year", "c tinyint unsigned", "d float",
        "e decimal(5,2) unsigned", "f smallint", "g date",
        "h bigint unsigned", "i double unsigned", "j int", "k int unsigned"],
        ["'x', 2024, 255, -1.5, 1.25, -2, '2024-01-02', "
         "18446744073709551615, 2.5, -1, 4294967295"])
    assert rows[0][1:] == [b"2024", b"255", b"-1.5", b"1.25", b"-2",
                           b"2024-01-02", b"18446744073709551615", b"2.5",
                           b"-1", b"4294967295"]


@pytest.mark.parametrize("level", [0, 1])
def test_case_93_types_inside_string(bench, level):
    """ENUM, SET and CHAR of more than 255 bytes share a type code."""
    level = ["full", "minimal"][level]
    rows = read(bench, ["a enum('x','y')", "b set('p','q','r')",
                        "c char(255) character set utf8mb4",
                        "d char(63) character set utf8mb4",
                        "e char(64) character set utf8mb4",
                        "f binary(255)"],
                [f"2, 5, '{'😀' * 255}', '{'é' * 63}', '{'中' * 64}', 'z'"],
                level)
    assert rows == [[b"y", b"p,r", "😀".encode() * 255, "é".encode() * 63,
                     "中".encode() * 64, b"z".ljust(255, b"\0")]]


def test_case_94_enum_of_no_label(bench):
    assert column(bench, "enum('a','b')", ["'nosuch'", "2", "''", "null"]) \
        == ["", "b", "", None]


def test_case_94_enum_beyond_its_labels(bench):
    """The schema that was read is of another time."""
    with values.metadata(bench.server, "minimal"):
        bench.start_log()
        bench.execute("create table t (c enum('a','b','c'))")
        bench.execute("insert into t values ('c')")
    schema = bench.schema()
    with open(schema, "w", encoding="ascii") as f:
        f.write("t\tc\tenum('a','b')\tutf8mb4\n")
    with pytest.raises(values.Refused, match=r"cases\.t\.c .*altered"):
        bench.decode(schema)


def test_labels_that_information_schema_garbles(bench):
    with values.metadata(bench.server, "minimal"):
        bench.start_log()
        bench.execute("create table t (c enum('a','😀'))")
        bench.execute("insert into t values (2)")
    with pytest.raises(values.Refused, match="binlog_row_metadata=FULL"):
        bench.decode()


def test_case_95_sets_and_bits_of_64(bench):
    labels = ",".join(f"'l{i}'" for i in range(64))
    full = ",".join(f"l{i}" for i in range(64)).encode()
    rows = read(bench, [f"a set({labels})", "b bit(64)", "c bit(1)",
                        "d bit(9)"],
                [f"{2**64 - 1}, {2**64 - 1}, 1, 257", f"{2**63}, 1, 0, 2"])
    assert rows == [[full, b"\xff" * 8, b"\1", b"\1\1"],
                    [b"l63", b"\0" * 7 + b"\1", b"\0", b"\0\2"]]


def test_case_99_unsigned_bigint(bench):
    assert column(bench, "bigint unsigned", [str(2**64 - 1), str(2**63)]) \
        == [str(2**64 - 1), str(2**63)]


def test_case_100_decimals(bench):
    most = "9" * 35 + "." + "9" * 30
    assert column(bench, "decimal(65,30)", [most, "-" + most, "-0.5", "0"]) \
        == [most, "-" + most, "-0.5" + "0" * 29, "0." + "0" * 30]


def test_case_101_dates_that_are_none(bench):
    wanted = ["0000-00-00", "2021-00-10", "2021-02-31", "9999-12-31",
              "0000-01-01"]
    assert column(bench, "date", [f"'{d}'" for d in wanted]) == wanted
    bench.reset()
    wanted = [d + " 00:00:00.000" for d in wanted]
    assert column(bench, "datetime(3)", [f"'{d}'" for d in wanted]) == wanted


def test_case_102_times_beyond_a_day_and_below_zero(bench):
    wanted = ["838:59:59.000000", "-838:59:59.000000", "-00:00:00.000001",
              "-00:00:01.500000", "00:00:00.000000", "100:00:00.999999"]
    assert column(bench, "time(6)", [f"'{t}'" for t in wanted]) == wanted


def test_case_103_timestamps(bench):
    wanted = ["0000-00-00 00:00:00", "1970-01-01 00:00:01",
              "2038-01-19 03:14:07"]
    if "11.8" in bench.server.run("select version()")[0][0]:
        wanted.append("2106-02-07 06:28:15")
    assert column(bench, "timestamp", [f"'{t}'" for t in wanted]) == wanted


def test_case_104_datetimes_have_no_zone(bench):
    """A session elsewhere, an hour that is missing there."""
    bench.execute("set time_zone = '-05:00'")
    assert column(bench, "datetime", ["'2024-03-10 02:30:00'"]) \
        == ["2024-03-10 02:30:00"]


@pytest.mark.parametrize("digits", range(7))
def test_case_105_fractions_of_all_widths(bench, digits):
    clock = "12:34:56.987654"[:9 + digits if digits else 8]
    rows = read(bench, [f"a time({digits})", f"b datetime({digits})",
                        f"c timestamp({digits}) null"],
                [f"'-{clock}', '2024-02-29 {clock}', '2024-02-29 {clock}'"])
    assert rows == [[f"-{clock}".encode(), f"2024-02-29 {clock}".encode(),
                     f"2024-02-29 {clock}".encode()]]


def test_case_106_years(bench):
    assert column(bench, "year", ["0", "1901", "2155"]) \
        == ["0000", "1901", "2155"]


@pytest.mark.parametrize("level", ["full", "minimal"])
def test_case_107_floats_are_what_select_prints(bench, level):
    rows = read(bench, ["a float", "b double", "c float(9,3)",
                        "d double(20,2)"],
                ["0.1, 0.1, 0.1, 0.1", "16777217, 1e15, 16777.217, 1e15",
                 "3.4028235e38, 1.7976931348623157e308, 0, 0"], level)
    assert rows == [[b"0.1", b"0.1", b"0.100", b"0.10"],
                    [b"16777200", b"1e15", b"16777.217",
                     b"1000000000000000.00"],
                    [b"3.40282e38", b"1.7976931348623157e308", b"0.000",
                     b"0.00"]]


def test_case_108_padding(bench):
    rows = read(bench, ["a binary(4)", "b varbinary(4)", "c char(4)",
                        "d varchar(4)"],
                ["x'6100', x'6100', 'a  ', 'a  '", "'', '', '', ''"])
    assert rows == [[b"a\0\0\0", b"a\0", b"a", b"a  "],
                    [b"\0\0\0\0", b"", b"", b""]]


def test_case_110_characters_without_unicode_and_nul(bench):
    """As SELECT shows them: a question mark; NUL stays until the target."""
    rows = read(bench, ["a varchar(9) character set cp1251",
                        "b varchar(9) character set gbk",
                        "c varchar(9) character set utf8mb4"],
                ["x'c498', x'd6d0a2a1fefe', x'610062'"])
    assert rows[0][0] == "Д?".encode() and rows[0][2] == b"a\0b"
    assert rows[0][1].startswith("中".encode())


def test_case_110_halves_of_surrogate_pairs(bench):
    """Where the servers print what is no UTF-8, or nothing, the log and the
    snapshot agree on U+FFFD."""
    bench.start_log()
    bench.execute("create table t (c varchar(9) character set ucs2)")
    bench.execute("insert into t values (x'0061d8000062')")
    path = os.path.join(bench.decode(), "t")
    assert list(values.parse(path, 1)) == [("a\ufffdb".encode(),)]
    with open(path, "rb") as a, open(bench.snapshot("select c from t"),
                                     "rb") as b:
        assert a.read() == b.read()


def test_case_111_what_was_encoded_twice_stays_so(bench):
    twice = "é😀".encode().decode("latin1")
    rows = read(bench, ["a varchar(99) character set utf8mb4",
                        "b varchar(99) character set utf8mb3"],
                [f"x'{twice.encode().hex()}', x'{twice.encode().hex()}'"])
    assert rows == [[twice.encode(), twice.encode()]]


def test_case_116_shapes_and_vectors_are_bytes(bench):
    columns, literals = ["a geometry"], \
        "st_geomfromtext('POINT(1 2)', 4326)"
    version = bench.server.run("select version()")[0][0]
    if not version.startswith("10."):
        columns.append("b vector(3)")
        name = "vec_fromtext" if "Maria" in version else "string_to_vector"
        literals += f", {name}('[1,2,3]')"
    rows = read(bench, columns, [literals])
    assert rows[0][0][:4] == (4326).to_bytes(4, "little")
    assert len(rows[0][0]) == 25
    if len(rows[0]) == 2:
        assert rows[0][1].hex() == "0000803f0000004000004040"
    kinds = values.kinds(os.path.join(bench.directory, "stream", "t"),
                         len(columns))
    assert set(kinds) == {values.BYTES}


def test_case_117_null_and_empty(bench):
    rows = read(bench, ["a varchar(3)", "b text", "c blob", "d binary(0)"],
                ["null, null, null, null", "'', '', '', ''"])
    assert rows == [[None] * 4, [b""] * 4]


@pytest.mark.parametrize("level", ["full", "no_log"])
def test_case_118_addresses(mariadb_bench, level):
    uuids = ["6ccd780c-baba-1026-9564-5b8c656024db",
             "01890a5d-ac96-774b-bcce-b302099a8057",
             "00000000-0000-0000-0000-000000000000",
             "ffffffff-ffff-ffff-ffff-ffffffffffff"]
    sixes = ["::", "::1", "2001:db8::ff00:42:8329", "::ffff:192.0.2.1"]
    fours = ["0.0.0.0", "255.255.255.255", "10.0.0.0", "192.168.1.2"]
    rows = read(mariadb_bench, ["a uuid", "b inet6", "c inet4"],
                [f"'{a}', '{b}', '{c}'"
                 for a, b, c in zip(uuids, sixes, fours)], level)
    assert rows == [[a.encode(), b.encode(), c.encode()]
                    for a, b, c in zip(uuids, sixes, fours)]


def test_case_119_json_of_mariadb_is_text(mariadb_bench):
    """Even when it is no JSON, because the check was off."""
    mariadb_bench.execute("set check_constraint_checks = 0")
    assert column(mariadb_bench, "json", ["'{ \"a\" :1}'", "'{broken'"]) \
        == ['{ "a" :1}', "{broken"]


DOCUMENTS = [
    None, True, [], {}, "", 0, -1, 2**15 - 1, -2**15, 2**16 - 1, 2**31 - 1,
    -2**31, 2**32 - 1, 2**63 - 1, -2**63, 2**64 - 1, 1e308, -1e-308, 0.1,
    5e-324, 1.0, -0.0, "\u0000\u0001\"\\\b\f\n\r\t/", "😀", "x" * 127,
    "x" * 128, "x" * 70000, ["x" * 300] * 300, list(range(-70000, 70000, 7)),
    {"b": 1, "aa": 2, "": 3, "a": {"z": [None]}}, {"k" * 400: ["v"] * 3},
    {f"key{i}": i for i in range(5000)},
]


def test_case_79_113_json_of_every_kind(mysql_bench):
    """Small and large, inline and not; escapes, NUL among them."""
    texts = [json.dumps(d) for d in DOCUMENTS]
    literals = ["'" + t.replace("\\", "\\\\").replace("'", "''") + "'"
                for t in texts]
    got = column(mysql_bench, "json", literals)
    for text, document in zip(got, DOCUMENTS):
        assert json.loads(text) == document


def test_case_79_json_of_opaque_values(mysql_bench):
    got = column(mysql_bench, "json", [
        "json_array(cast('-1.50' as decimal(10,2)), cast('12345678901234567"
        "890123456789012345.123456789012345678901234567890' as "
        "decimal(65,30)))",
        "json_array(cast('2024-02-29' as date), cast('-12:00:01.5' as "
        "time(6)), cast('2024-02-29 01:02:03.000004' as datetime(6)), "
        "timestamp'0000-00-00 00:00:00')",
        "json_array(x'00ff', b'101', cast(2024 as year), point(1, 2))"])
    assert got[0] == "[-1.50, 12345678901234567890123456789012345." \
        "123456789012345678901234567890]"
    assert got[1] == '["2024-02-29", "-12:00:01.500000", ' \
        '"2024-02-29 01:02:03.000004", "0000-00-00 00:00:00.000000"]'
    assert '"base64:type15:AP8="' in got[2]


def test_case_79_json_as_deep_as_it_goes(mysql_bench):
    deepest = "[" * 100 + "]" * 100
    mixed = '{"a": [' * 49 + "1" + "]}" * 49
    assert column(mysql_bench, "json", [f"'{deepest}'", f"'{mixed}'"]) \
        == [deepest, mixed]
    with pytest.raises(pymysql.Error):
        mysql_bench.execute(f"insert into t values ('[{deepest}]')")


def test_case_36_47_70_hidden_and_generated_columns(bench):
    """All are in the log, whether SELECT * shows them or not."""
    columns = ["id int primary key", "a int",
               "b int as (a + 1) virtual", "c int as (a + 2) stored",
               "d int invisible default 7" if bench.server.flavour ==
               "mariadb" else "d int default 7 invisible"]
    for level in ("full", "minimal"):
        bench.reset()
        with values.metadata(bench.server, level):
            bench.start_log()
            bench.execute(f"create table t ({', '.join(columns)})")
            bench.execute("insert into t (id, a) values (1, 1), (2, null)")
        assert agreed(bench, ["id", "a", "b", "c", "d"]) == [
            [b"1", b"1", b"2", b"3", b"7"], [b"2", None, None, None, b"7"]]


@pytest.mark.parametrize("level", ["full", "minimal"])
def test_case_36_invisible_primary_keys(mysql_bench, level):
    with values.metadata(mysql_bench.server, level):
        mysql_bench.start_log()
        mysql_bench.execute("set sql_generate_invisible_primary_key = on")
        mysql_bench.execute("create table t (a varchar(9))")
        mysql_bench.execute("insert into t values ('x'), ('y')")
    assert agreed(mysql_bench, ["my_row_id", "a"]) == [
        [b"1", b"x"], [b"2", b"y"]]


def make_hashed(bench, level):
    """DB_ROW_HASH_1 comes last; information_schema does not know of it."""
    with values.metadata(bench.server, level):
        bench.start_log()
        bench.execute("create table t (a int, b text, unique (b))")
        bench.execute("insert into t values (1, 'x'), (2, null)")


def test_case_47_70_hashes_of_long_unique_keys(mariadb_bench):
    make_hashed(mariadb_bench, "full")
    path = os.path.join(mariadb_bench.decode(), "t")
    assert [row[:2] for row in values.parse(path, 3)] == [
        (b"1", b"x"), (b"2", None)]


def test_case_47_70_a_count_that_differs_is_never_guessed(mariadb_bench):
    make_hashed(mariadb_bench, "no_log")
    with pytest.raises(values.Refused, match="binlog_row_metadata=FULL"):
        mariadb_bench.decode()


@pytest.fixture
def old_times(mariadb_bench):
    """Columns as before MySQL 5.6 and MariaDB 10.1."""
    server = mariadb_bench.server
    server.run("set global mysql56_temporal_format = off")
    yield mariadb_bench
    server.run("set global mysql56_temporal_format = on")


def test_case_105_old_formats_of_times(old_times):
    rows = read(old_times, ["a time", "b datetime", "c timestamp null"],
                ["'-12:34:56', '2024-02-29 01:02:03', '2024-02-29 01:02:03'"])
    assert rows == [[b"-12:34:56", b"2024-02-29 01:02:03",
                     b"2024-02-29 01:02:03"]]


def test_case_105_old_fractions_are_refused(old_times):
    """The log has no word of how wide they are."""
    old_times.start_log()
    old_times.execute("create table t (a time(3), b int)")
    old_times.execute("insert into t values ('01:02:03.456', 1)")
    with pytest.raises(values.Refused, match=r"t\.a: time\(3\).*FORCE"):
        old_times.decode()
