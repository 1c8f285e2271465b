"""Comparing by digests that both servers make from every column's text: of
each row of a large table, or of all rows of every table in one statement.
What differs is then compared value by value, as compare.py does it; what has
equal digests is equal."""

from tests.lib import compare

MANY = 2000  # rows; a smaller table is read whole
MOST = 2000  # rows with unequal digests that are looked at
BYTES = ("varbinary", "blob", "mediumblob", "longblob", "binary")


def source_text(column, kind):
    if kind in BYTES:
        return f"hex(`{column}`)"
    return f"cast(`{column}` as char)"


def target_text(column, kind):
    if kind == "bytea":
        return f"upper(encode(\"{column}\", 'hex'))"
    if kind.startswith("timestamp"):
        return f"to_char(\"{column}\", 'YYYY-MM-DD HH24:MI:SS')"
    return f'"{column}"::text'


def row_text(texts, sign):
    """The separator and the sign of NULL are in no text of a shop. At most
    100 arguments a call are PostgreSQL's limit."""
    texts = [f"coalesce({t}, {sign}(1))" for t in texts]
    return f"concat_ws({sign}(2), " + ", ".join(
        f"concat_ws({sign}(2), {', '.join(texts[i:i + 90])})"
        for i in range(0, len(texts), 90)) + ")"


def source_digest(texts):
    return f"sha2({row_text(texts, 'char')}, 256)"


def target_digest(texts):
    return ("encode(sha256(convert_to(" + row_text(texts, "chr") +
            ", 'UTF8')), 'hex')")


class Digests(compare.Compare):
    """As Compare, in the time and memory that 100,000 orders need."""

    def flat(self, table):
        self.s.execute(f"select count(*) from {self.source_rows(table)}")
        if self.s.fetchone()[0] > MANY:
            self.where[table] = self.suspects(table)
        super().flat(table)

    def suspects(self, table):
        """A condition: the rows that are not proven equal."""
        name = compare.FLAT[table]
        key = [c for c, k in self.source_columns(table) if k == "PRI"]
        ours, theirs = self.texts(table)
        left = self.digests(self.s, key, source_digest(ours),
                            self.source_rows(table))
        right = self.digests(self.t, key, target_digest(theirs),
                             f'"{self.schema}"."{name}"')
        self.values_compared += len(left) * len(ours)
        wrong = sorted(k for k in left.keys() | right.keys()
                       if left.get(k) != right.get(k))
        if len(wrong) > MOST:
            self.say(f"{name}: {len(wrong)} rows of {len(left)} seem to "
                     f"differ; looked at {MOST}")
        if not wrong:
            return "where false"
        keys = ",".join("(" + ",".join(map(repr, k)) + ")"
                        for k in wrong[:MOST])
        return f"where ({','.join(key)}) in ({keys})"

    def texts(self, table):
        """Expressions for each column's text, on either side."""
        here = self.kinds(self.s, "database()", self.prefix + table)
        there = self.kinds(self.t, f"'{self.schema}'", compare.FLAT[table])
        columns = [c for c in here if c in there and
                   not compare.secret(table, c)]
        return ([source_text(c, here[c]) for c in columns],
                [target_text(c, there[c]) for c in columns])

    @staticmethod
    def kinds(cursor, schema, table):
        cursor.execute(
            "select column_name, data_type from information_schema.columns "
            f"where table_schema = {schema} and table_name = '{table}' "
            "order by ordinal_position")
        return dict(cursor.fetchall())

    @staticmethod
    def digests(cursor, key, digest, table):
        cursor.execute(f"select {', '.join(key)}, {digest} from {table}")
        return {r[:-1]: r[-1] for r in cursor.fetchall()}


class Sums(Digests):
    """One number for all rows of each table, by one statement a side that is
    made once: for comparing after each of many small steps. The tables' shape
    must stay as it is."""

    SOURCE = ("select '{0}' t, bit_xor(cast(conv(substr({1}, 1, 16), 16, 10) "
              "as unsigned)) d, count(*) n from {2}")
    TARGET = ("select '{0}' t, coalesce(bit_xor(('x' || substr({1}, 1, 16))"
              "::bit(64)::bigint), 0) d, count(*) n from {2}")

    def prepare(self):
        with self.source.connect(self.sdb) as s, \
                self.target.connect(self.tdb) as t:
            self.s, self.t = s.cursor(), t.cursor()
            left, right = [], []
            for table, name in compare.FLAT.items():
                if not self.source_has(table):
                    continue
                ours, theirs = self.texts(table)
                left.append(self.SOURCE.format(
                    name, source_digest(ours), self.source_rows(table)))
                right.append(self.TARGET.format(
                    name, target_digest(theirs), f'"{self.schema}"."{name}"'))
            for table in compare.VALUES:
                self.add_values(table, left, right)
        self.left, self.right = map(" union all ".join, (left, right))
        return self

    def add_values(self, table, left, right):
        kind, stores, homes = compare.VALUES[table]
        found = {}
        for backend, home in homes.items():
            if self.source_has(f"{table}_{backend}"):
                found.setdefault(home, []).append(
                    "select entity_id, " + ("store_id" if stores else "0") +
                    " store_id, attribute_code, cast(value as char) value "
                    f"from `{self.prefix}{table}_{backend}` join "
                    f"`{self.prefix}eav_attribute` a using (attribute_id) "
                    f"join `{self.prefix}eav_entity_type` using "
                    f"(entity_type_id) where entity_type_code = '{kind}' and "
                    f"a.backend_type = '{backend}'")
        texts = ["entity_id", "store_id", "attribute_code", "value"]
        for home, parts in found.items():
            left.append(self.SOURCE.format(
                home, source_digest(texts),
                f"({' union all '.join(parts)}) v"))
            right.append(self.TARGET.format(
                home, target_digest(["entity_id::text", "store_id::text",
                                     "key", "value"]),
                f'"{self.schema}"."{home}", jsonb_each_text(attributes)'))

    def unequal(self):
        """Tables whose sums differ."""
        with self.source.connect(self.sdb) as s, \
                self.target.connect(self.tdb) as t:
            cursor = s.cursor()
            cursor.execute("set time_zone = '+00:00'")
            t.execute("set timezone = 'UTC'")
            cursor.execute(self.left)
            left = {name: (int(d), n) for name, d, n in cursor.fetchall()}
            right = {name: (d % (1 << 64), n) for name, d, n in
                     t.execute(self.right).fetchall()}
        return {name for name in left if left[name] != right[name]}


def differences(*args, **more):
    return Digests(*args, **more).all()
