"""Random tables and random values of every type the servers have, as SQL.

All randomness comes from one seed. Values are literals that may not fit:
servers without strict mode make them fit, and what they made of them is what
SELECT says. Text is given as bytes of the column's character set."""

import json
import random
import struct

# Bytes of characters: lead and trail ranges of those with more than one.
MULTI = {
    "big5": ([(0xa1, 0xf9)], [(0x40, 0x7e), (0xa1, 0xfe)]),
    "cp932": ([(0x81, 0x9f), (0xe0, 0xfc)], [(0x40, 0x7e), (0x80, 0xfc)]),
    "sjis": ([(0x81, 0x9f), (0xe0, 0xfc)], [(0x40, 0x7e), (0x80, 0xfc)]),
    "eucjpms": ([(0xa1, 0xfe)], [(0xa1, 0xfe)]),
    "ujis": ([(0xa1, 0xfe)], [(0xa1, 0xfe)]),
    "euckr": ([(0x81, 0xfe)], [(0x41, 0x5a), (0x61, 0x7a), (0x81, 0xfe)]),
    "gb2312": ([(0xa1, 0xf7)], [(0xa1, 0xfe)]),
    "gbk": ([(0x81, 0xfe)], [(0x40, 0x7e), (0x80, 0xfe)]),
    "gb18030": ([(0x81, 0xfe)], [(0x40, 0x7e), (0x80, 0xfe)]),
}
UNICODE = {"utf8mb4": "utf-8", "utf8mb3": "utf-8", "ucs2": "utf-16-be",
           "utf16": "utf-16-be", "utf16le": "utf-16-le", "utf32": "utf-32-be"}
WIDE = ("ucs2", "utf16", "utf16le", "utf32")
# What labels of ENUM and SET are made of, beside ASCII.
LETTERS = {
    "latin1": "é€ß", "latin2": "łž", "latin5": "ğş", "latin7": "ąž",
    "cp1250": "łž", "cp1251": "Жя", "cp1256": "اب", "cp1257": "ąž",
    "koi8r": "Жя", "koi8u": "Жї", "cp866": "Жя", "cp850": "éß", "cp852": "łž",
    "greek": "αω", "hebrew": "אב", "tis620": "กข", "armscii8": "Աբ",
    "geostd8": "აბ", "keybcs2": "čř", "macce": "łž", "macroman": "éß",
    "dec8": "éß", "hp8": "éß", "swe7": "åö", "gbk": "中文", "big5": "中文",
    "gb2312": "中文", "gb18030": "中文", "sjis": "日本", "cp932": "日本",
    "ujis": "日本", "eucjpms": "日本", "euckr": "한국", "utf8mb3": "é中",
    "utf8mb4": "é中😀", "ucs2": "é中", "utf16": "é😀", "utf16le": "é😀",
    "utf32": "é😀", "ascii": "", "binary": "",
}
EDGES = [0, 1, 9, 10, 31, 32, 39, 92, 96, 127, 128, 255, 0x7ff, 0x800, 0x20ac,
         0xd7ff, 0xe000, 0xfffd, 0xfffe, 0xffff, 0x10000, 0x1f600, 0x10ffff]


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def hexed(data):
    return "x'" + data.hex() + "'"


class Column:
    """Its definition, and a function for the literals of its values."""

    def __init__(self, ddl, literal, nullable=True, written=True):
        self.ddl, self.literal = ddl, literal
        self.nullable, self.written = nullable, written
        self.name = ""


class Random:
    def __init__(self, seed, server, labels=True):
        """labels: the log has those of ENUM and SET."""
        self.r = random.Random(seed)
        self.astral = labels
        self.mariadb = server.flavour == "mariadb"
        self.version = server.run("select version()")[0][0]
        collations = {}
        for name, charset in server.run(
                "select collation_name, character_set_name from "
                "information_schema.collation_character_set_applicability"):
            # In this one SELECT shows C1 control characters as "?".
            if name != "latin2_czech_cs":
                collations.setdefault(charset, []).append(name)
        self.collations = collations
        self.charsets = [c for c in sorted(collations)
                         if c not in ("binary", "utf8")]
        kinds = [self.integer, self.decimal, self.floating, self.fixed_float,
                 self.bit, self.date, self.datetime, self.timestamp, self.time,
                 self.year, self.string, self.string, self.string, self.text,
                 self.binary, self.blob, self.enum, self.set, self.json,
                 self.geometry]
        if self.mariadb:
            kinds += [self.uuid, self.inet]
        if not self.mariadb or "11.8" in self.version:
            kinds.append(self.vector)
        self.kinds = kinds

    # --- scalars

    def number(self, low, high):
        r = self.r
        pick = r.random()
        if pick < 0.2:
            return r.choice([low, high, 0, 1, max(low, -1), low + 1, high - 1])
        if pick < 0.5:
            return r.randint(max(low, -200), min(high, 200))
        return r.randint(low, high)

    def integer(self):
        name, bits = self.r.choice([("tinyint", 8), ("smallint", 16),
                                    ("mediumint", 24), ("int", 32),
                                    ("bigint", 64)])
        sign = self.r.choice(["", " unsigned", " unsigned",
                              "(5) unsigned zerofill"])
        low, high = (0, 2**bits - 1) if sign else (-2**(bits - 1),
                                                   2**(bits - 1) - 1)
        return Column(name + sign, lambda: str(self.number(low, high)))

    def decimal(self):
        r = self.r
        p = r.choice([1, 5, 9, 10, 12, 18, 20, 30, 38, 64, 65])
        s = min(r.choice([0, 1, 2, 4, 6, 9, 10, 18, 30]), p, 30)
        sign = r.choice(["", "", " unsigned", " zerofill"])

        def literal():
            whole = "".join(r.choice("0123456789")
                            for _ in range(r.randint(0, p - s)))
            part = "".join(r.choice("0123456789")
                           for _ in range(r.choice([s, s, r.randint(0, s)])))
            if r.random() < 0.1:
                whole, part = "9" * (p - s), "9" * s
            return (r.choice(["", "-"]) if not sign else "") + \
                (whole or "0") + ("." + part if part else "")
        return Column(f"decimal({p},{s}){sign}", literal)

    def any_double(self, single):
        r = self.r
        pick = r.random()
        if pick < 0.1:
            return r.choice(["0", "-0e0", "1e15", "1e14", "999999999999999",
                             "1e-5", "1.5", "0.1", "1e-15", "123456789e-7"] +
                            (["3.40282e38", "1.17549e-38", "16777216",
                              "1e-45"] if single else
                             ["1.7976931348623157e308", "5e-324", "1e300",
                              "2.2250738585072014e-308"]))
        if pick < 0.4:
            return f"{r.randint(-10**7, 10**7) / 100:.2f}"
        if pick < 0.6:
            return repr(r.uniform(-1, 1) * 10**r.randint(-20, 20))
        while True:
            raw = r.getrandbits(32 if single else 64)
            value = struct.unpack("<f", raw.to_bytes(4, "little"))[0] \
                if single else struct.unpack("<d", raw.to_bytes(8, "little"))[0]
            if value == value and abs(value) != float("inf"):
                return repr(value)

    def floating(self):
        single = self.r.random() < 0.6
        sign = self.r.choice(["", "", "", " unsigned"])
        return Column(("float" if single else "double") + sign,
                      lambda: self.any_double(single))

    def fixed_float(self):
        name = self.r.choice(["float", "double"])
        d = self.r.choice([0, 1, 2, 4, 10])
        m = d + self.r.choice([1, 5, 8, 20])
        sign = self.r.choice(["", " unsigned", " unsigned zerofill"])
        high = 10**(m - d)
        return Column(f"{name}({m},{d}){sign}", lambda: repr(
            self.r.uniform(0 if sign else -high, high)))

    def bit(self):
        n = self.r.choice([1, 2, 7, 8, 9, 16, 31, 32, 33, 63, 64])
        return Column(f"bit({n})", lambda: str(self.number(0, 2**n - 1)))

    # --- times; many are no days of any calendar

    def day(self):
        r = self.r
        pick = r.random()
        if pick < 0.1:
            return r.choice(["0000-00-00", "2021-00-10", "2021-02-31",
                             "9999-12-31", "0001-01-01", "2000-02-29",
                             "1900-02-28", "2023-11-00", "0000-01-01"])
        return (f"{r.randint(0, 9999):04}-{r.randint(1, 12):02}-"
                f"{r.randint(1, 31):02}")

    def clock(self, digits):
        r = self.r
        fraction = r.choice([0, 1, 999999, 500000, r.randint(0, 999999)])
        text = (f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:"
                f"{r.randint(0, 59):02}")
        return text + (f".{fraction:06}"[:digits + 1] if digits else "")

    def date(self):
        return Column("date", lambda: quoted(self.day()))

    def datetime(self):
        d = self.r.randint(0, 6)
        return Column(f"datetime({d})", lambda: quoted(
            self.day() + " " + self.clock(d)))

    def timestamp(self):
        r, d = self.r, self.r.randint(0, 6)
        last = 4102444800 if self.mariadb and "11.8" in self.version \
            else 2147483647

        def literal():
            if r.random() < 0.1:
                return r.choice(["'0000-00-00'", "'1970-01-01 00:00:01'",
                                 "'2038-01-19 03:14:07.999999'"])
            return f"from_unixtime({r.randint(1, last)}." \
                   f"{r.randint(0, 999999):06})"
        return Column(f"timestamp({d}) null", literal)

    def time(self):
        r, d = self.r, self.r.randint(0, 6)

        def literal():
            hour = r.choice([0, 0, 1, 12, 23, 100, 837, r.randint(0, 838)])
            if r.random() < 0.05:
                return r.choice(["'838:59:59'", "'-838:59:59.999999'",
                                 "'-00:00:00.000001'", "'-00:00:01'"])
            sign = r.choice(["", "-"])
            return f"'{sign}{hour}{self.clock(d)[2:]}'"
        return Column(f"time({d})", literal)

    def year(self):
        return Column("year", lambda: str(
            self.r.choice([0, 1901, 2155, self.r.randint(1901, 2155)])))

    # --- text

    def charset(self):
        charset = self.r.choice(self.charsets + ["utf8mb4"] * 4 + ["latin1"] * 2)
        return charset, self.r.choice(self.collations[charset])

    def a_byte(self, ranges):
        low, high = self.r.choice(ranges)
        return self.r.randint(low, high)

    def points(self, count, high):
        r = self.r
        for _ in range(count):
            pick = r.random()
            if pick < 0.5:
                c = r.randint(32, 126)
            elif pick < 0.6:
                c = r.choice(EDGES)
            else:
                c = r.randint(1, r.choice([0x100, 0x3000, 0x10000, 0x110000]))
            if not 0xd800 <= c <= 0xdfff and c <= high:
                yield chr(c)

    def characters(self, charset, count):
        r = self.r
        if charset in UNICODE:
            high = 0xffff if charset in ("utf8mb3", "ucs2") else 0x10ffff
            text = "".join(self.points(count, high))
            return text.encode(UNICODE[charset])
        if charset not in MULTI:
            return r.randbytes(count) if r.random() < 0.5 else bytes(
                r.randint(32, 127) for _ in range(count))
        lead, trail = MULTI[charset]
        out = bytearray()
        for _ in range(count):
            if r.random() < 0.4:
                out.append(r.randint(0, 127))
                continue
            if charset in ("ujis", "eucjpms") and r.random() < 0.3:
                out += r.choice([bytes([0x8e, r.randint(0xa1, 0xdf)]),
                                 bytes([0x8f, self.a_byte(lead),
                                        self.a_byte(trail)])])
            elif charset == "gb18030" and r.random() < 0.3:
                out += bytes([r.randint(0x81, 0xfe), r.randint(0x30, 0x39),
                              r.randint(0x81, 0xfe), r.randint(0x30, 0x39)])
            else:
                out += bytes([self.a_byte(lead), self.a_byte(trail)])
        return bytes(out)

    def text_literal(self, charset, longest):
        r = self.r
        count = r.choice([0, 1, 2, 3, 5, 8, r.randint(0, min(longest, 40)),
                          longest if r.random() < 0.1 else 4])
        data = self.characters(charset, min(count, longest, 2000))
        if r.random() < 0.1 and charset not in WIDE:
            data += r.choice([b" ", b"   ", b"\0", b"\xff", b"\t", b"\n"])
        return hexed(data)

    def string(self):
        charset, collation = self.charset()
        kind = self.r.choice(["char", "varchar", "varchar"])
        longest = self.r.choice([0, 1, 3, 10, 63, 64, 85, 100, 127, 128, 255])
        if kind == "varchar":
            longest = self.r.choice([longest, longest, 256, 400])
        return Column(f"{kind}({longest}) character set {charset} collate "
                      f"{collation}",
                      lambda: self.text_literal(charset, longest))

    def text(self):
        charset, collation = self.charset()
        kind = self.r.choice(["tinytext", "text", "text", "mediumtext",
                              "longtext"])
        longest = 60 if kind == "tinytext" else 3000
        return Column(f"{kind} character set {charset} collate {collation}",
                      lambda: self.text_literal(charset, longest))

    def raw(self, longest):
        r = self.r
        n = r.choice([0, 1, r.randint(0, min(longest, 30)),
                      r.randint(0, longest)])
        return hexed(r.choice([b"", b"a"]) + r.randbytes(min(n, 2000)) +
                     r.choice([b"", b"", b"\0\0", b"  "]))

    def binary(self):
        longest = self.r.choice([0, 1, 16, 20, 255])
        kind = self.r.choice(["binary", "varbinary"])
        return Column(f"{kind}({longest})", lambda: self.raw(longest))

    def blob(self):
        kind = self.r.choice(["tinyblob", "blob", "mediumblob", "longblob"])
        longest = 250 if kind == "tinyblob" else 3000
        return Column(kind, lambda: self.raw(longest))

    def labels(self, charset, count):
        letters = LETTERS.get(charset, "")
        if not self.astral:  # information_schema has "?" for them
            letters = letters.replace("😀", "ß")
        odd = ["it''s", "a b", '"', "(x)", "%"]
        names = [f"{i}{self.r.choice(letters) if letters else ''}"
                 for i in range(count)]
        for i, name in enumerate(odd[:count // 4]):
            names[i] = name
        return names

    def enum(self):
        charset, collation = self.charset()
        labels = self.labels(charset, self.r.choice([1, 3, 20, 255, 300]))
        listed = ",".join(f"'{x}'" for x in labels)
        return Column(
            f"enum({listed}) character set {charset} collate {collation}",
            lambda: str(self.r.randint(1, len(labels)))
            if self.r.random() < 0.95 else "'no such label'")

    def set(self):
        charset, collation = self.charset()
        labels = self.labels(charset, self.r.choice([1, 3, 8, 9, 33, 64]))
        listed = ",".join(f"'{x}'" for x in labels)
        return Column(
            f"set({listed}) character set {charset} collate {collation}",
            lambda: str(self.number(0, 2**len(labels) - 1)))

    # --- documents, shapes, addresses

    def document(self, depth):
        r = self.r
        pick = r.random()
        if depth and pick < 0.25:
            return [self.document(depth - 1) for _ in range(r.randint(0, 5))]
        if depth and pick < 0.5:
            return {"".join(self.points(r.randint(0, 6), 0x10ffff)):
                    self.document(depth - 1) for _ in range(r.randint(0, 5))}
        return r.choice([
            None, True, False, r.randint(-10, 10), r.randint(-2**15, 2**16),
            r.randint(-2**31, 2**32), r.randint(-2**63, 2**64 - 1),
            r.uniform(-1, 1) * 10**r.randint(-300, 300), 0.0, -0.0, 1e15, 1.0,
            "".join(self.points(r.choice([0, 1, 20, 200]), 0x10ffff))])

    def json(self):
        r = self.r

        def literal():
            if self.mariadb or r.random() < 0.8:
                return quoted(json.dumps(self.document(r.randint(0, 4)),
                                         ensure_ascii=r.random() < 0.5))
            return r.choice([
                f"json_object('d', cast({self.number(-10**9, 10**9)} as "
                f"decimal(20,{r.randint(0, 9)})), 'n', null)",
                f"json_array(cast('{r.getrandbits(r.randint(1, 116))}."
                f"{r.getrandbits(99)}' as decimal(65,{r.randint(0, 30)})))",
                f"json_array(cast('{r.randint(1, 9999):04}-02-03' as date), "
                f"cast('{self.clock(6)}' as time(6)), "
                f"cast('-{self.clock(3)}' as time(3)))",
                f"json_array(cast('2020-05-06 {self.clock(6)}' as "
                "datetime(6)), from_unixtime(1e9))",
                f"json_array({self.raw(300)}, b'101', cast(2020 as year))",
                f"json_array({self.any_double(False)}, {2**64 - 1})",
            ])
        return Column("json", literal)

    def geometry(self):
        r = self.r

        def points(n):
            return ",".join(f"{r.randint(-80, 80)} {r.uniform(-80, 80)}"
                            for _ in range(n))

        def literal():
            text = r.choice([f"POINT({points(1)})",
                             f"LINESTRING({points(r.randint(2, 9))})",
                             f"MULTIPOINT({points(3)})",
                             "POLYGON((0 0,0 5,5 5,5 0,0 0))",
                             f"GEOMETRYCOLLECTION(POINT({points(1)}))"])
            return f"st_geomfromtext('{text}', {r.choice([0, 4326])})"
        return Column("geometry", literal)

    def vector(self):
        r = self.r
        n = r.choice([1, 3, 16, 300])
        name = "vec_fromtext" if self.mariadb else "string_to_vector"
        return Column(f"vector({n})", lambda: f"{name}('["
                      + ",".join(f"{r.uniform(-9, 9):.3f}" for _ in range(n))
                      + "]')")

    def uuid(self):
        r = self.r

        def literal():
            data = r.randbytes(16)
            if r.random() < 0.3: # as clients make them: versions and variants
                data = data[:6] + bytes([r.randint(0, 15) << 4 | 1]) + \
                    data[7:8] + bytes([r.choice([0x80, 0xbf, 0x00, 0xc0])]) \
                    + data[9:]
            return quoted(data.hex())
        return Column("uuid", literal)

    def inet(self):
        r = self.r
        if "10." not in self.version[:4] and r.random() < 0.4 or \
                self.version.startswith("10.11") and r.random() < 0.4:
            return Column("inet4", lambda: quoted(
                ".".join(str(r.choice([0, 255, r.randint(0, 255)]))
                         for _ in range(4))))

        def literal():
            words = [r.choice([0, 0, 0, 0xffff, r.randint(0, 0xffff)])
                     for _ in range(8)]
            if r.random() < 0.2:
                words[:6] = [0] * 5 + [r.choice([0, 0xffff])]
            return quoted(":".join(f"{w:x}" for w in words))
        return Column("inet6", literal)

    # --- tables

    def column(self, i):
        column = self.r.choice(self.kinds)()
        column.name = f"c{i}"
        if column.ddl != "geometry" and self.r.random() < 0.3:
            column.nullable = " null" in column.ddl
            column.ddl += "" if column.nullable else " not null"
        return column

    def generated(self, i, of):
        """Virtual and stored ones are in the log like others."""
        kind = self.r.choice(["virtual", "stored"])
        name = self.r.choice(["", "upper"]) if self.mariadb else ""
        column = Column(f"varchar(40) character set utf8mb4 as "
                        f"({name}(concat('g', {of}))) {kind}", None,
                        written=False)
        column.name = f"c{i}"
        return column

    def table(self, count):
        columns = [Column("int", None, nullable=False)]
        columns[0].name = "id"
        columns += [self.column(i) for i in range(1, count)]
        if self.r.random() < 0.5:
            columns.append(self.generated(count, "id"))
        return columns

    def rows(self, columns, first, count):
        """The VALUES of an INSERT."""
        r = self.r
        for i in range(first, first + count):
            out = [str(i)]
            for column in columns[1:]:
                if column.written:
                    out.append("null" if column.nullable and r.random() < 0.1
                               else column.literal())
            yield "(" + ",".join(out) + ")"
