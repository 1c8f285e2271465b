"""Random histories: transactions of a shop, and when the copy commits,
restarts, reads again.

A history is a list of steps that can be written as JSON. Each names its rows
by key and is passed over where it does not apply, so that any part of a
history is one too: that is what makes it possible to shrink.

    ["tx", {"checks": bool, "end": "commit" | "rollback", …}, [op…]]
           op: ["insert", table, row], ["replace", table, row],
               ["update", table, key, {column: value}], ["delete", table, key]
           "cut": n: the copy restarts behind so many rows of it
           "minimal": its row images are (binlog_row_image=MINIMAL)
           "unlogged": of that table no rows are in the log, so that it is to
                       be read again: as DDL does
    ["commit"]            the copy commits what it has
    ["restart"]           it starts again from its last commit
    ["ask", table, key column and value, or null]
    ["heal", a, b]        it reads again what was asked for, from a state
                          between its own and the newest: which, and how far
                          the head has moved meanwhile, say a and b
"""

import random

from tests.model import schema, source

FIRST = [
    ["insert", "eav_entity_type", [4, "thing", "thing"]],
    ["insert", "eav_entity_type", [5, "other", "other"]],
    *[["insert", "eav_attribute", [n, 4, code, backend, None]]
      for n, code, backend in ((1, "name", "varchar"), (2, "url", "varchar"),
                               (3, "status", "int"), (4, "note", "text"),
                               (5, "price", "decimal"),
                               (6, "cost", "decimal"))],
    ["insert", "eav_attribute", [7, 5, "name", "varchar", None]],
    *[["insert", "store_website", [n, f"w{n}"]] for n in range(3)],
    *[["insert", "store_group", [n, n % 3]] for n in range(4)],
    *[["insert", "store", [n, n % 4, n % 4 % 3]] for n in range(5)],
    *[["insert", "maker", [n, f"m{n}"]] for n in range(1, 4)],
    *[["insert", "thing", [n, f"s{n}", n % 5, f"{n}.50"]]
      for n in range(1, 5)],
]
SIZES = {"thing": 8, "maker": 5, "part": 10, "piece": 12, "crumb": 12,
         "store": 6, "store_group": 5, "store_website": 4,
         "eav_entity_type": 6, "eav_attribute": 12}
# A key that stands for a row elsewhere, by column.
DOMAIN = {"entity_id": "thing", "thing_id": "thing", "maker_id": "maker",
          "part_id": "part", "piece_id": "piece", "crumb_id": "crumb",
          "store_id": "store", "group_id": "store_group",
          "website_id": "store_website", "attribute_id": "eav_attribute",
          "entity_type_id": "eav_entity_type"}
CODES = ("name", "url", "status", "note", "price", "cost")
BACKENDS = ("varchar", "int", "text", "decimal")
# What must not lose its children's parents: nobody does it to a shop.
GUARDED = ("eav_entity_type", "eav_attribute")
WEIGHTS = {"thing": 6, "part": 6, "piece": 6, "crumb": 6, "tie": 5,
           "maker": 3, "thing_varchar": 7, "thing_int": 4, "thing_text": 5,
           "thing_decimal": 5, "store": 3, "store_group": 1,
           "store_website": 1, "eav_attribute": 3, "eav_entity_type": 0.3}
LEAVES = ("crumb", "tie", "thing_varchar", "thing_int", "thing_text",
          "thing_decimal")


class Maker:
    """Makes one history, on a source of its own to know what applies."""

    def __init__(self, seed, length=None):
        self.random = random.Random(seed)
        # Not at random: to change it takes a new session.
        self.bytes = (800, 3000, 10000, 1 << 20)[seed // 16 % 4]
        self.source = source.Source()
        self.values = 0
        self.trouble = self.random.random() < 0.3  # requests to read again
        self.poison = (("thing", "part") if self.random.random() < 0.3
                       else ())
        self.length = length or self.random.choice((6, 12, 25, 40))

    def make(self):
        pick = self.random
        logged = pick.random() < 0.25
        self.source = source.Source(logged)
        history = {"logged": logged,
                   "bytes": self.bytes,
                   "transactions": 1000, "steps": []}
        steps = history["steps"]
        steps += [["tx", {"checks": True, "end": "commit"}, FIRST],
                  ["commit"], ["heal", 0, 0]]
        self.run(FIRST, True)
        eager = pick.choice((0.1, 0.4, 0.9))
        for _ in range(self.length):
            steps.append(self.transaction())
            if pick.random() < 0.02:
                steps.append(["restart"])
            if self.trouble and pick.random() < 0.15:
                steps.append(self.ask())
            if pick.random() < eager:
                steps.append(["commit"])
            if self.trouble and pick.random() < 0.3:
                steps.append(["heal", pick.randrange(1 << 16),
                              pick.randrange(1 << 16)])
            elif not self.trouble and pick.random() < 0.5:
                steps.append(["heal", 0, 0])  # new attributes ask
        return history

    # --- transactions

    def run(self, ops, checks, end="commit"):
        self.source.begin(checks)
        for op in ops:
            perform(self.source, op)
        if end == "rollback":
            self.source.rollback()

    def transaction(self):
        pick = self.random
        checks = pick.random() > 0.12
        end = "commit" if pick.random() > 0.1 else "rollback"
        options = {"checks": checks, "end": end}
        if pick.random() < 0.02:
            options["cut"] = pick.randrange(10)
        if self.trouble and pick.random() < 0.1:
            options["minimal"] = True
        elif self.trouble and pick.random() < 0.07:
            options["unlogged"] = pick.choice(LEAVES)
        count = pick.choice((1, 1, 2, 3, 5, 8, 40 if pick.random() < 0.2
                             else 4))
        self.source.begin(checks)
        ops = []
        while len(ops) < count:
            for op in self.works(checks):
                if perform(self.source, op):
                    ops.append(op)
                elif pick.random() < 0.3:
                    count -= 1
            count -= pick.random() < 0.1
        if end == "rollback":
            self.source.rollback()
        return ["tx", options, ops]

    def works(self, checks):
        pick = self.random
        name = pick.choices(list(WEIGHTS), WEIGHTS.values())[0]
        if not checks and name in GUARDED:
            name = "piece"
        kind = pick.choices(
            ("insert", "update", "delete", "replace", "again", "swap",
             "many"), (9, 7, 3, 1.5, 1, 1, 0.7))[0]
        if name in GUARDED and self.trouble and kind != "update":
            kind = "insert"  # what is known of an attribute by two ways
        return getattr(self, kind)(name)

    def any_key(self, name):
        keys = list(self.source.tables[name])
        return list(self.random.choice(keys)) if keys else None

    def number(self, name, child=None):
        """An id of that table, most often of a row that exists."""
        keys = self.source.tables[name]
        if keys and self.random.random() < 0.93 and child:
            return self.random.choice(list(keys))[0]
        return self.random.randrange(1, SIZES[name] + 1)

    def value(self, table, column):
        pick = self.random
        own = len(table.key) == 1 and table.at[column.name] == table.key[0]
        if column.name == "value_id":
            self.values += 1
            return 100 + self.values
        if column.name in DOMAIN:
            nullable = any(k.column == column.name and k.rule == "SET NULL"
                           for k in schema.PARENTS[table.name])
            if nullable and pick.random() < 0.2:
                return None
            return self.number(DOMAIN[column.name], not own)
        if column.name == "attribute_code":
            return pick.choice(CODES)
        if column.name in ("entity_type_code", "entity_table"):
            return pick.choice(("thing", "other"))
        if column.name == "backend_type":
            return pick.choice(BACKENDS)
        if column.name == "backend_table":
            return None
        if table.kind == "eav" and pick.random() < 0.15:
            return None
        if column.type.startswith("decimal"):
            if table.name in self.poison and pick.random() < 0.25:
                return schema.POISON
            return f"{pick.randrange(100)}.{pick.randrange(10)}5"
        if column.type == "int":
            return pick.randrange(100)
        return f"{column.name[0]}{pick.randrange(12)}"

    def fill(self, name):
        table = schema.BY_NAME[name]
        row = [self.value(table, c) for c in table.columns]
        if name == "eav_entity_type":
            row[2] = row[1]
        if table.kind == "eav" and self.random.random() < 0.9:
            fitting = [a for a in self.source.tables["eav_attribute"].values()
                       if a[3] == table.eav["backend"] and a[1] == 4]
            if fitting:
                row[1] = self.random.choice(fitting)[0]
        if table.kind == "eav" and not self.source.checks and (
                (row[1],) not in self.source.tables["eav_attribute"]):
            row[1] = self.any_key("eav_attribute")
            row[1] = row[1][0] if row[1] else 1
        return row

    def insert(self, name):
        return [["insert", name, self.fill(name)]]

    def replace(self, name):
        """Of a row that is there, by its key or by what else is unique."""
        if name in GUARDED and self.source.logged:
            return self.insert(name)  # would keep its values
        row = self.fill(name)
        key = self.any_key(name)
        table = schema.BY_NAME[name]
        if key and self.random.random() < 0.7:
            for at, value in zip(table.key, key):
                row[at] = value
        return [["replace", name, row]]

    def update(self, name):
        key = self.any_key(name)
        if not key:
            return self.insert(name)
        table = schema.BY_NAME[name]
        row = self.fill(name)
        columns = [c for i, c in enumerate(table.names)
                   if i not in table.key or self.random.random() < 0.3]
        if name == "eav_entity_type" or (
                name == "eav_attribute" and not self.trouble):
            return self.insert(name)
        chosen = self.random.sample(columns, min(len(columns),
                                                 self.random.choice((1, 2))))
        return [["update", name, key, {c: row[table.at[c]] for c in chosen}]]

    def delete(self, name):
        key = self.any_key(name)
        return [["delete", name, key]] if key else []

    def many(self, name):
        keys = list(self.source.tables[name])
        self.random.shuffle(keys)
        return [["delete", name, list(k)] for k in keys[:4]]

    def again(self, name):
        """Deleted and written anew."""
        key = self.any_key(name)
        if not key:
            return []
        row = list(self.source.tables[name][tuple(key)])
        new = self.fill(name)
        at = self.random.randrange(len(row))
        if at not in schema.BY_NAME[name].key:
            row[at] = new[at]
        return [["delete", name, key], ["insert", name, row]]

    def swap(self, name):
        """Two rows exchange what is unique."""
        if name == "eav_entity_type" or (
                name == "eav_attribute" and not self.trouble):
            return []
        table = schema.BY_NAME[name]
        keys = list(self.source.tables[name])
        if len(keys) < 2:
            return []
        unique = self.random.choice([table.key, *table.unique])
        column = table.names[unique[-1]]
        a, b = (list(k) for k in self.random.sample(keys, 2))
        of = {tuple(k): self.source.tables[name][tuple(k)][unique[-1]]
              for k in (a, b)}
        free = 9000 if table.columns[unique[-1]].type == "int" else "free"
        if unique != table.key:
            return [["update", name, a, {column: free}],
                    ["update", name, b, {column: of[tuple(a)]}],
                    ["update", name, a, {column: of[tuple(b)]}]]
        moved = [*a[:-1], free]
        return [["update", name, a, {column: free}],
                ["update", name, b, {column: a[-1]}],
                ["update", name, moved, {column: b[-1]}]]

    def ask(self):
        pick = self.random
        table = pick.choice([t for t in schema.TABLES
                             if t.kind != "metadata"])
        if pick.random() < 0.3:
            return ["ask", table.name, None]
        columns = ["entity_id"] if table.kind == "eav" else [
            table.names[i] for i in table.key]
        return ["ask", table.name,
                ",".join(f"{c}={self.number(DOMAIN[c], True)}"
                         for c in columns)]


def perform(database, op):
    """False: it does not apply."""
    before = {n: dict(t) for n, t in database.tables.items()}
    refused, events = dict(database.refused), len(database.events)
    try:
        getattr(database, op[0])(*op[1:])
    except source.Refused:
        database.tables, database.refused = before, refused
        del database.events[events:]
        return False
    return True
