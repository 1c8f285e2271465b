"""The model's shop: tables, foreign keys and unique keys, written down once.

Small, but with all that ordering depends on: an attribute map, values in four
tables of which two share a target and one lacks the key to the store, stores
under groups under websites, a chain of four tables, a table with two parents
by different rules, a link table whose key changes.
"""

import collections

Column = collections.namedtuple("Column", "name type key")
Key = collections.namedtuple("Key", "child column parent parent_column rule")


class Table:
    def __init__(self, name, target, kind, columns, unique=(), **eav):
        self.name, self.target, self.kind, self.eav = name, target, kind, eav
        self.columns = []
        for text in columns.split():
            column, kind_of = text.rstrip("*").split(":")
            self.columns.append(Column(column, kind_of, text.endswith("*")))
        self.names = [c.name for c in self.columns]
        self.at = {name: i for i, name in enumerate(self.names)}
        self.key = [i for i, c in enumerate(self.columns) if c.key]
        self.unique = [[self.at[n] for n in names] for names in unique]


def values(backend, target, kind):
    return Table(f"thing_{backend}", target, "eav",
                 "value_id:int* attribute_id:int store_id:int entity_id:int "
                 f"value:{kind}",
                 unique=[("entity_id", "attribute_id", "store_id")],
                 backend=backend)


TABLES = [
    Table("eav_entity_type", "entity_types", "metadata",
          "entity_type_id:int* entity_type_code:varchar(50) "
          "entity_table:varchar(50)", unique=[("entity_type_code",)]),
    Table("eav_attribute", "attributes", "metadata",
          "attribute_id:int* entity_type_id:int attribute_code:varchar(50) "
          "backend_type:varchar(8) backend_table:varchar(50)",
          unique=[("entity_type_id", "attribute_code")]),
    Table("store_website", "websites", "metadata",
          "website_id:int* code:varchar(20)"),
    Table("store_group", "store_groups", "metadata",
          "group_id:int* website_id:int"),
    Table("store", "stores", "metadata",
          "store_id:int* group_id:int website_id:int"),
    Table("thing", "things", "row",
          "entity_id:int* sku:varchar(20) store_id:int amount:decimal(20,2)",
          unique=[("sku",)]),
    values("varchar", "thing_values", "varchar(20)"),
    values("int", "thing_values", "int"),
    values("text", "thing_values", "varchar(20)"),
    values("decimal", "thing_prices", "decimal(20,2)"),
    Table("maker", "makers", "row", "maker_id:int* name:varchar(20)"),
    Table("part", "parts", "row",
          "part_id:int* thing_id:int maker_id:int amount:decimal(20,2)"),
    Table("piece", "pieces", "row",
          "piece_id:int* part_id:int maker_id:int label:varchar(20)"),
    Table("crumb", "crumbs", "row",
          "crumb_id:int* piece_id:int thing_id:int"),
    Table("tie", "ties", "row",
          "thing_id:int* maker_id:int* position:int"),
]
BY_NAME = {t.name: t for t in TABLES}
VALUES = [t for t in TABLES if t.kind == "eav"]

KEYS = [
    Key("eav_attribute", "entity_type_id", "eav_entity_type",
        "entity_type_id", "CASCADE"),
    Key("store_group", "website_id", "store_website", "website_id",
        "CASCADE"),
    Key("store", "group_id", "store_group", "group_id", "CASCADE"),
    Key("store", "website_id", "store_website", "website_id", "CASCADE"),
    Key("thing", "store_id", "store", "store_id", "SET NULL"),
    *[Key(t.name, "entity_id", "thing", "entity_id", "CASCADE")
      for t in VALUES],
    *[Key(t.name, "attribute_id", "eav_attribute", "attribute_id", "CASCADE")
      for t in VALUES],
    *[Key(t.name, "store_id", "store", "store_id", "CASCADE")
      for t in VALUES if t.eav["backend"] != "text"],
    Key("part", "thing_id", "thing", "entity_id", "CASCADE"),
    Key("part", "maker_id", "maker", "maker_id", "SET NULL"),
    Key("piece", "part_id", "part", "part_id", "CASCADE"),
    Key("piece", "maker_id", "maker", "maker_id", "CASCADE"),
    Key("crumb", "piece_id", "piece", "piece_id", "CASCADE"),
    Key("crumb", "thing_id", "thing", "entity_id", "SET NULL"),
    Key("tie", "thing_id", "thing", "entity_id", "CASCADE"),
    Key("tie", "maker_id", "maker", "maker_id", "CASCADE"),
]
CHILDREN = {t.name: [k for k in KEYS if k.parent == t.name] for t in TABLES}
PARENTS = {t.name: [k for k in KEYS if k.child == t.name] for t in TABLES}

# What fits the source and not the target.
POISON = "99999999.00"


def mapping():
    """schema/magento.yaml's like."""
    lines = ["tables:"]
    for t in TABLES:
        lines += [f"  - source: {t.name}", f"    kind: {t.kind}",
                  f"    target: {t.target}"]
        if t.kind == "metadata":
            lines.append("    domain: metadata")
            continue
        # Not used here: nothing is read from a source.
        lines += ["    domain: catalog", "    family: thing",
                  "    link: entity_id"]
        if t.kind == "eav":
            lines += ["    entity_type: thing",
                      f"    backend: {t.eav['backend']}"]
    return "\n".join(lines) + "\n"


def target_type(column):
    if column.type == "int":
        return "bigint"
    return "numeric(8,2)" if column.type.startswith("decimal") else "text"


def target_sql():
    sql = ["create schema model;", "set search_path = model;"]
    for t in TABLES:
        if t.kind == "eav":
            continue
        columns = [f"{c.name} {target_type(c)}" for c in t.columns]
        key = ", ".join(t.names[i] for i in t.key)
        sql.append(f"create table {t.target} ({', '.join(columns)}, "
                   f"primary key ({key}));")
    for target in dict.fromkeys(t.target for t in VALUES):
        sql.append(f"create table {target} (entity_id bigint, "
                   "store_id bigint, attributes jsonb not null "
                   "default '{}', primary key (entity_id, store_id));")
    return "\n".join(sql) + "\n"


def dump_sql():
    """One text, a line per row and per value: what project() gives."""
    parts = []
    for t in TABLES:
        if t.kind == "eav":
            continue
        columns = ", ".join(f"coalesce({n}::text, '~')" for n in t.names)
        parts.append(f"select concat_ws('|', '{t.target}', {columns}) as line "
                     f"from model.{t.target}")
    for target in dict.fromkeys(t.target for t in VALUES):
        parts.append(
            f"select concat_ws('|', '{target}', entity_id, store_id, key, "
            "coalesce(value #>> '{}', '~')) from "
            f"model.{target} left join lateral jsonb_each(attributes) "
            "on true")
    letters = ("select concat_ws('|', '!', record, key) "
               "from ficus.dead_letters")
    return ("select string_agg(line, E'\\n') from ("
            + " union all ".join([*parts, letters]) + ") as lines")
