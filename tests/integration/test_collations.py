"""Keys (base/fold.h) against the servers' own `=`: both must part the same
texts in the same way."""

import os
import random
import subprocess

import pytest

from tests.lib import programs

TOOL = os.path.join(programs.BUILD, "tests", "fold_keys")
WHOLE = [("mariadb", "utf8mb4_general_ci"), ("mariadb", "utf8mb3_general_ci"),
         ("mariadb", "utf8mb4_unicode_ci"), ("mysql", "utf8mb4_general_ci"),
         ("mysql", "utf8mb3_general_ci"), ("mysql", "utf8mb4_unicode_ci"),
         ("mysql", "utf8mb4_0900_ai_ci")]
CASES = WHOLE + [
    ("mariadb", "utf8mb3_unicode_ci"), ("mariadb", "utf8mb4_general_nopad_ci"),
    ("mariadb", "utf8mb4_unicode_nopad_ci"), ("mariadb", "utf8mb4_bin"),
    ("mariadb", "utf8mb4_nopad_bin"), ("mysql", "utf8mb4_bin"),
    ("mysql", "utf8mb4_0900_bin")]
MANY = 10000
BMP = [chr(c) for c in range(1, 0x10000) if not 0xd800 <= c < 0xe000]
# Emoji, mathematical letters, ideographs, tags, private ones.
BEYOND = [chr(c) for first in (0x10000, 0x10400, 0x1d400, 0x1f100, 0x1f600,
                               0x17000, 0x1b170, 0x20000, 0x2f800, 0xe0000,
                               0x10ff00)
          for c in range(first, first + 0x100)]
# Cases, accents, expansions, ignorable characters, blanks, combining marks,
# what some collations contract.
TRICKY = ("aAbBsSßẞäÄáàæÆœŒøØđijLl·ıİiI ſﬁﬀŉǆ½①２Ａ.-_ \t\u00a0\u3000"
          "\u00ad\u200d\u200c\ufeff\u0300\u0301\u0306\u0308\u0327\u0345"
          "иИйЙеЕёЁ\u0430\u04d1σςΣάΆ\u0e40\u0e01\u0e41\u0e33\u0eb2"
          "\u0b92\u0bd7\u0fb2\u0f71\u0f80\u1100\u1161\u11a8가각힣かがカｶゝー"
          "中丽\uf900ﷺ\ufffd")
PLANES = TRICKY + "😀🎉𝐀𐐀𐐨𝟙𗀀𠀀"


def keys(collation, texts):
    lines = "".join(t.encode().hex() + "\n" for t in texts)
    done = subprocess.run([TOOL, collation], input=lines, text=True,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.split("\n")[:len(texts)]


def parted(source, collation, texts):
    """(server's classes, ours, both's): all equal if they agree."""
    charset = collation.split("_")[0]
    rows = [f"(x'{t.encode().hex()}',x'{k}')"
            for t, k in zip(texts, keys(collation, texts))]
    with source.connect("folding") as c, c.cursor() as cursor:
        cursor.execute("create temporary table texts (t varchar(100) "
                       f"character set {charset} collate {collation}, "
                       "k varbinary(1024))")
        for i in range(0, len(rows), MANY):
            cursor.execute("insert into texts values "
                           + ",".join(rows[i:i + MANY]))
        cursor.execute("select count(distinct t), count(distinct k), "
                       "count(distinct t, k), count(*) from texts")
        return cursor.fetchone()


@pytest.fixture
def server(source):
    source.run("create database folding character set utf8mb4")
    yield source
    source.run("drop database folding")


def strings(alphabet, seed):
    pick = random.Random(seed)
    return ["".join(pick.choices(alphabet, k=pick.randint(0, 4)))
            for _ in range(10000)]


def pairs(of):
    return pytest.mark.parametrize("source,collation", of,
                                   indirect=["source"])


@pytest.mark.slow
@pairs(WHOLE)
def test_all_characters_are_parted_as_the_server_does(server, collation):
    planes = [] if collation.startswith("utf8mb3") else BEYOND
    texts = BMP + planes + [c + " " for c in BMP[:0x400]]
    theirs, ours, both, count = parted(server, collation, texts)
    assert count == len(texts) and theirs > 1000
    assert (theirs, ours) == (both, both)


@pairs(CASES)
def test_strings_are_parted_as_the_server_does(server, collation):
    alphabet = TRICKY if collation.startswith("utf8mb3") else PLANES
    texts = strings(alphabet, 1) + strings("aAáßsS e\u0301", 2)
    theirs, ours, both, count = parted(server, collation, texts)
    assert count == len(texts) and 1000 < theirs < len(set(texts)) + 1
    assert (theirs, ours) == (both, both)
