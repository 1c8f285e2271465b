"""Every character of every character set, on each server: the tables of
cdc/binlog/charset_table.c are right, or this fails (hard case 109)."""

import os

import pytest

from tests.lib import values
from tests.lib.random_tables import MULTI, UNICODE

pytestmark = pytest.mark.slow

SERVERS = ["mariadb", "mysql", "mariadb118"]
PER_ROW = 1000


@pytest.fixture(params=SERVERS)
def bench(request, tmp_path):
    server = request.getfixturevalue(request.param)
    name = "charsets"
    server.run(f"create database {name}")
    bench = values.Values(server, name, str(tmp_path))
    yield bench
    bench.close()
    server.run(f"drop database {name}")


def in_ranges(ranges):
    return [b for low, high in ranges for b in range(low, high + 1)]


def unicode_characters(charset):
    """All of the first plane, and of the others each 64th."""
    codec = UNICODE[charset]
    points = [c for c in range(0x10000) if not 0xd800 <= c <= 0xdfff]
    if charset not in ("utf8mb3", "ucs2"):
        points += list(range(0x10000, 0x110000, 64)) + [0x10ffff]
    return [chr(c).encode(codec) for c in points]


def table_characters(charset):
    """Bytes, pairs, triples and fours that are well-formed."""
    lead, trail = (in_ranges(r) for r in MULTI.get(charset, ((), ())))
    out = [bytes([b]) for b in range(256)
           if b < 0x80 or not lead or
           (charset in ("sjis", "cp932") and 0xa1 <= b <= 0xdf)]
    out += [bytes([a, b]) for a in lead for b in trail]
    if charset in ("ujis", "eucjpms"):
        out += [bytes([0x8e, b]) for b in range(0xa1, 0xe0)]
        out += [bytes([0x8f, a, b]) for a in lead for b in trail]
    if charset == "gb18030":
        places = [*range(39420 + 100), *range(189000 - 100, 189000 + 1000),
                  *range(190000, 1237576 + 100, 97)]
        out += [bytes([0x81 + i // 12600, 0x30 + i // 1260 % 10,
                       0x81 + i // 10 % 126, 0x30 + i % 10]) for i in places]
    return out


def rows_of(charset):
    """Each character is followed by a line feed, so that a difference can be
    told; some charsets need more than a byte for that."""
    end = "\n".encode(UNICODE.get(charset, "ascii"))
    all_of = (unicode_characters if charset in UNICODE
              else table_characters)(charset)
    for i in range(0, len(all_of), PER_ROW):
        yield b"".join(c + end for c in all_of[i:i + PER_ROW]), \
            all_of[i:i + PER_ROW]


def explain(charset, characters, got, want):
    pairs = zip(characters, got.split(b"\n"), want.split(b"\n"))
    return [f"{charset} {c.hex()}: log {a!r}, SELECT {b!r}"
            for c, a, b in pairs if a != b][:5] or [f"{charset}: lengths"]


def test_case_109_every_character_of_every_charset(bench):
    charsets = [row[0] for row in bench.server.run(
        "select character_set_name from information_schema.character_sets "
        "where character_set_name <> 'binary' order by 1")]
    rows, wrong, count = {}, [], 0
    bench.start_log()
    for charset in charsets:
        bench.execute(f"create table {charset} (id int primary key, "
                      f"c longtext character set {charset})")
        rows[charset] = list(rows_of(charset))
        for i, (text, _) in enumerate(rows[charset]):
            bench.execute(f"insert ignore into {charset} values "
                          f"({i}, x'{text.hex()}')")
    stream = bench.decode()
    for charset in charsets:
        want = bench.execute(f"select id, c from {charset} order by id")
        got = list(values.parse(os.path.join(stream, charset), 2))
        assert len(got) == len(want) == len(rows[charset])
        for ours, theirs, (_, characters) in zip(got, want, rows[charset]):
            count += len(characters)
            if ours != theirs:
                wrong += explain(charset, characters, ours[1], theirs[1])
    assert not wrong, "\n".join(wrong[:40])
    assert len(charsets) >= 39 and count > 300_000
