#!/usr/bin/env python3
"""Writes fold_table.inc: what servers hold for the same text, by collation.

    base/fold_generate.py MARIADB_PORT MYSQL_PORT > base/fold_table.inc

Both servers, on 127.0.0.1 with user root and no password, are asked for the
WEIGHT_STRING() of every character; where both have the collation they must
agree. The same servers give the same file: base/fold.h tells how it is used,
tests/integration/test_collations.py compares it with the servers' `=`.

A weight that an ASCII character has becomes that character in lower case, so
that keys of plain text can be read; other weights stay what they are. All
UCA weights are above 0x80, so that nothing meets.
"""

import sys

import pymysql

# Name in fold.c, collation, who has it.
COLLATIONS = [
    ("GENERAL", "utf8mb4_general_ci", ("mariadb", "mysql")),
    ("UNICODE", "utf8mb4_unicode_ci", ("mariadb", "mysql")),
    ("UCA900", "utf8mb4_0900_ai_ci", ("mysql",)),
]
SURROGATES = range(0xd800, 0xe000)
LAST = 0x10ffff
# As in fold.c. Entries from SEQUENCE on are places in the pool.
SEQUENCE = 0x8000
SELF, TANGUT, CORE, EXTENSION, OTHER = range(0x7ffb, 0x8000)
IMPLICIT = {0xfb40: CORE, 0xfb80: EXTENSION, 0xfbc0: OTHER}
HANGUL = range(0xac00, 0xd7a4)
MANY = 20000


def weights(port, collation):
    """Character → list of weights."""
    found = {}
    characters = [c for c in range(LAST + 1) if c not in SURROGATES]
    with pymysql.connect(host="127.0.0.1", port=port, user="root",
                         charset="utf8mb4") as c, c.cursor() as cursor:
        cursor.execute("create database if not exists fold")
        cursor.execute("create temporary table fold.c "
                       "(n int primary key, b varbinary(4))")
        for i in range(0, len(characters), MANY):
            rows = ",".join(f"({n},x'{chr(n).encode().hex()}')"
                            for n in characters[i:i + MANY])
            cursor.execute("delete from fold.c")
            cursor.execute(f"insert into fold.c values {rows}")
            cursor.execute("select n, hex(weight_string(convert(b using "
                           f"utf8mb4) collate {collation})) from fold.c")
            for n, text in cursor.fetchall():
                found[n] = [int(text[k:k + 4], 16)
                            for k in range(0, len(text), 4)]
        cursor.execute("drop database fold")
    return found


def asked(collation, ports):
    answers = [weights(port, collation) for port in ports]
    assert all(a == answers[0] for a in answers), collation
    return answers[0]


def readable(found):
    """Weight → lower-case ASCII character."""
    names = {}
    for c in range(0x20, 0x7f):
        if len(found[c]) == 1:
            names.setdefault(found[c][0], ord(chr(c).lower()))
    # Nothing else may come out as ASCII.
    assert all(w > 0x7f or w in names or c < 0x20 or c == 0x7f
               for c, list_ in found.items() for w in list_)
    return names


def is_hangul_made(found):
    def made(c):
        i = c - 0xac00
        trail = found[0x11a7 + i % 28] if i % 28 else []
        return found[0x1100 + i // 588] + found[0x1161 + i % 588 // 28] + trail
    return all(found[c] == made(c) for c in HANGUL)


def entry(c, list_, found, names, pool):
    if len(list_) == 1 and list_[0] == c and c > 0x7f:
        return SELF
    if len(list_) == 2 and list_[1] == (c & 0x7fff | 0x8000):
        base = list_[0] - (c >> 15)
        if base in IMPLICIT:
            return IMPLICIT[base]
    if list_ == [0xfb00, c - 0x17000 | 0x8000]:
        return TANGUT
    now = [names.get(w, w) for w in list_]
    if not now:
        return 0
    if len(now) == 1 and now[0] < SELF:
        return now[0]
    return SEQUENCE + pool.setdefault(tuple(now), sum(len(s) + 1 for s in pool))


class Writer:
    def __init__(self):
        self.pages = {}
        self.text = []

    def page(self, page):
        return self.pages.setdefault(page, len(self.pages))

    def collation(self, name, found):
        planes = any(found[c] != [0xfffd] for c in range(0x10000, LAST + 1))
        names, pool = readable(found), {}
        hangul = name != "GENERAL" and is_hangul_made(found)
        index = []
        for first in range(0, LAST + 1 if planes else 0x10000, 0x100):
            page = []
            for c in range(first, first + 0x100):
                if c in SURROGATES or (hangul and c in HANGUL):
                    page.append(0)
                else:
                    page.append(entry(c, found[c], found, names, pool))
            index.append(self.page(tuple(page)))
        words = [w for s in pool for w in (len(s), *s)]
        assert len(words) < 0x8000
        low = name.lower()
        self.text.append(f"static const uint16_t {low}_index[] = {{\n"
                         f"{body(index)}}};\n"
                         f"static const uint16_t {low}_pool[] = {{\n"
                         f"{body(words or [0])}}};\n")
        return (f"\t[TABLE_{name}] = {{ {low}_index, {low}_pool, "
                f"{len(index)}, {'true' if hangul else 'false'} }},\n")


def runs(list_):
    """Equal neighbours as one initialiser."""
    i = 0
    while i < len(list_):
        n = 1
        while i + n < len(list_) and list_[i + n] == list_[i]:
            n += 1
        if n < 5:
            yield from (str(w) for w in list_[i:i + n])
        else:
            yield f"[{i} ... {i + n - 1}] = {list_[i]}"
        i += n


def body(list_):
    lines, line = [], ""
    for word in runs(list_):
        if len(line) + len(word) > 76:
            lines.append(line)
            line = ""
        line += word + ","
    return "\n".join(lines + [line]) + "\n"


def main():
    ports = dict(zip(("mariadb", "mysql"), map(int, sys.argv[1:3])))
    writer = Writer()
    folds = [writer.collation(name, asked(collation,
                                          [ports[who] for who in whose]))
             for name, collation, whose in COLLATIONS]
    print("/* Written by base/fold_generate.py: don't edit. */")
    print("static const uint16_t pages[][256] = {")
    for page in writer.pages:
        print("{\n" + body(page) + "},")
    print("};")
    print("".join(writer.text), end="")
    print("static const struct table tables[] = {\n" + "".join(folds) + "};")


main()
