"""Rows with children in every table that their foreign keys reach.

    tree = Family(cursor, tables)
    row = tree.make("store")
    tree.grow("store", row)

Reads the source's own information_schema; values are made up, keys are real.
What a row must have beyond its keys to mean anything (the backend of an
attribute, the type of a value's entity) is in `given`."""

import collections

import pymysql

TIME = "2026-03-01 10:20:30"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
Key = collections.namedtuple("Key", "child columns parent to rule")
Column = collections.namedtuple("Column", "name kind length auto key")


def short(n):
    """Two characters, the first of them no letter: no country's code."""
    return DIGITS[n // 36 % 10] + DIGITS[n % 36]


class Family:
    def __init__(self, cursor, tables):
        """tables: those that count; others get no rows."""
        self.cursor = cursor
        self.n = 1000
        self.shorts = 0  # keys that have room for two characters
        self.columns = self.read_columns(tables)
        self.keys = self.read_keys()
        self.base = {}  # rows to refer to that belong to nobody

    def ask(self, sql, *args):
        self.cursor.execute(sql, args)
        return self.cursor.fetchall()

    def read_columns(self, tables):
        out = {}
        for table, *rest in self.ask(
                "select table_name, column_name, data_type, "
                "coalesce(character_maximum_length, 0), "
                "extra like '%%auto_increment%%', column_key = 'PRI' "
                "from information_schema.columns "
                "where table_schema = database() order by table_name, "
                "ordinal_position"):
            if table in tables:
                out.setdefault(table, []).append(Column(*rest))
        return out

    def read_keys(self):
        found = {}
        for name, child, column, parent, to, rule in self.ask(
                "select k.constraint_name, k.table_name, k.column_name, "
                "k.referenced_table_name, k.referenced_column_name, "
                "r.delete_rule from information_schema.key_column_usage k "
                "join information_schema.referential_constraints r on "
                "r.constraint_schema = k.constraint_schema and "
                "r.constraint_name = k.constraint_name and "
                "r.table_name = k.table_name "
                "where k.table_schema = database() and "
                "k.referenced_table_name is not null "
                "order by 2, 1, k.ordinal_position"):
            if child in self.columns and parent in self.columns:
                key = found.setdefault((child, name), Key(
                    child, [], parent, [], rule))
                key.columns.append(column)
                key.to.append(to)
        return list(found.values())

    def parents(self):
        """Tables whose deletes set something off."""
        return sorted({k.parent for k in self.keys
                       if k.rule in ("CASCADE", "SET NULL")})

    def closure(self, root):
        """(child table, its column, rule) of all that a delete reaches."""
        out, todo, seen = set(), [root], set()
        while todo:
            table = todo.pop()
            if table in seen:
                continue
            seen.add(table)
            for k in self.keys:
                if k.parent == table and k.rule in ("CASCADE", "SET NULL"):
                    out.add((k.child, k.columns[0], k.rule))
                    if k.rule == "CASCADE":
                        todo.append(k.child)
        return out

    # --- one row

    def value(self, column):
        kind, n = column.kind, self.n
        if kind in ("varchar", "char"):
            if column.length >= 8:
                return f"{column.name[0]}{n}"
            self.shorts += column.key
            return short(self.shorts)
        if kind.endswith("text"):
            return f"{column.name[0]}{n}"
        if kind in ("timestamp", "datetime"):
            return TIME
        if kind == "date":
            return TIME[:10]
        if kind in ("decimal", "float", "double"):
            return f"{n % 90}.25"
        if kind.endswith(("blob", "binary")):
            return bytes([0, n % 256, 255])
        return n % 100 if kind == "tinyint" else n

    def foreign(self, table, key, fresh):
        """Values for a key that nothing else was said of."""
        if key.parent == table:
            return [None] * len(key.columns)
        row = (self.make if fresh else self.base_row)(key.parent)
        return [row[c] for c in key.to]

    def base_row(self, table, **given):
        at = (table, *sorted(given.items()))
        if at not in self.base:
            self.base[at] = self.make(table, **given)
        return self.base[at]

    def attribute(self, kind, backend):
        """An attribute whose values stand in that value table."""
        type_id = self.ask("select entity_type_id from eav_entity_type where "
                           "entity_type_code = %s", kind)[0][0]
        return {"entity_type_id": type_id, "backend_type": backend,
                "backend_table": None}

    def meaning(self, table):
        """What values and attributes need to be found by their reader."""
        for entity, kind in (("catalog_product_entity_", "catalog_product"),
                             ("catalog_category_entity_", "catalog_category"),
                             ("customer_address_entity_", "customer_address"),
                             ("customer_entity_", "customer")):
            backend = table.removeprefix(entity)
            if backend in ("datetime", "decimal", "int", "text", "varchar"):
                row = self.base_row("eav_attribute",
                                    **self.attribute(kind, backend))
                return {"attribute_id": row["attribute_id"]}
        if table == "eav_attribute":
            return self.attribute("catalog_product", "varchar")
        return {}

    def make(self, table, **given):
        try:
            return self.make_once(table, given, False)
        except pymysql.err.IntegrityError:  # that pair of parents has one
            return self.make_once(table, given, True)

    def make_once(self, table, given, fresh):
        self.n += 1
        row = {}
        given = {**self.meaning_of(table), **given}
        for key in self.keys:
            if key.child == table and not set(key.columns) & set(given):
                row.update(zip(key.columns, self.foreign(table, key, fresh)))
        row.update(given)
        for column in self.columns[table]:
            if column.name not in row and not column.auto:
                row[column.name] = self.value(column)
        self.insert(table, row)
        for column in self.columns[table]:
            if column.auto and column.name not in row:
                row[column.name] = self.cursor.lastrowid
        return row

    def meaning_of(self, table):
        if table == "eav_attribute" or "_entity_" in table:
            return self.meaning(table)
        return {}

    def insert(self, table, row, verb="insert"):
        columns = ", ".join(f"`{c}`" for c in row)
        marks = ", ".join(["%s"] * len(row))
        self.cursor.execute(f"{verb} into `{table}` ({columns}) "
                            f"values ({marks})", list(row.values()))

    # --- many

    def fits(self, key, row):
        """A value would not be found under an attribute of another type."""
        if key.parent != "eav_attribute" or "_entity_" not in key.child:
            return True
        own = self.meaning_of(key.child).get("attribute_id")
        if own is None:
            return True
        like = "select entity_type_id, backend_type from eav_attribute where " \
               "attribute_id = %s"
        return self.ask(like, own) == self.ask(like, row["attribute_id"])

    def grow(self, table, row, depth=0):
        """A child in every table, and theirs."""
        made = 0
        for key in self.keys:
            if (key.parent != table or depth > 5 or
                    (key.child == table and depth > 1) or
                    key.rule not in ("CASCADE", "SET NULL") or
                    not self.fits(key, row)):
                continue
            child = self.make(key.child, **dict(
                zip(key.columns, (row[c] for c in key.to))))
            made += 1
            if key.rule == "CASCADE":
                made += self.grow(key.child, child, depth + 1)
        return made

    def grown(self, table, **given):
        row = self.make(table, **given)
        self.grow(table, row)
        return row

    def where(self, table, row):
        """Its primary key as a condition."""
        keys = [c.name for c in self.columns[table] if c.key]
        text = " and ".join(f"`{k}` = %s" for k in keys)
        return text, [row[k] for k in keys]

    def delete(self, table, *rows):
        parts = [self.where(table, row) for row in rows]
        self.cursor.execute(
            f"delete from `{table}` where " +
            " or ".join(f"({text})" for text, _ in parts),
            [v for _, values in parts for v in values])
