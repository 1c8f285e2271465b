"""The oracle: a source database in memory, one row at a time.

It does what InnoDB does, foreign-key actions included, tells which row events
the binary log would hold of it, and what the copy must look like at any
commit. It knows nothing of how the copy is made.
"""

from tests.model import schema

POISONED = {t.name: t.at["amount"] for t in schema.TABLES
            if t.kind == "row" and "amount" in t.at}


class Refused(Exception):
    """The statement fails and changes nothing."""


class Event:
    """One row of a rows event. actions: silent (they ran, and are not in the
    log), none (checks were off), logged."""

    __slots__ = ("actions", "after", "before", "table")

    def __init__(self, table, before, after, actions):
        self.table, self.before, self.after = table, before, after
        self.actions = actions

    @property
    def op(self):
        return "i" if self.before is None else (
            "d" if self.after is None else "u")


class Source:
    """logged: children that foreign keys change are in the log (MySQL 9.6 and
    later)."""

    def __init__(self, logged=False):
        self.logged = logged
        self.tables = {t.name: {} for t in schema.TABLES}
        # Keys of records that the target refused: True, or None when it
        # depends on the batches.
        self.refused = {}
        self.begin(True)

    # --- transactions

    def begin(self, checks):
        self.checks = checks
        self.events = []
        self.saved = ({n: dict(t) for n, t in self.tables.items()},
                      dict(self.refused))

    def rollback(self):
        self.tables, self.refused = self.saved

    def state(self):
        return ({n: dict(t) for n, t in self.tables.items()},
                dict(self.refused))

    # --- statements

    def insert(self, name, row):
        row = tuple(row)
        table = schema.BY_NAME[name]
        if self.conflicts(table, row):
            raise Refused
        self.check_parents(table, row)
        self.put(table, row)
        self.log(name, None, row)

    def update(self, name, key, changes):
        table = schema.BY_NAME[name]
        old = self.row(name, key)
        new = list(old)
        for column, value in changes.items():
            new[table.at[column]] = value
        new = tuple(new)
        if new == old or self.conflicts(table, new, old):
            raise Refused
        self.check_parents(table, new)
        if self.checks and any(
                old[table.at[k.parent_column]] !=
                new[table.at[k.parent_column]] and self.children(k, old)
                for k in schema.CHILDREN[name]):
            raise Refused
        self.take(table, old)
        self.put(table, new)
        self.log(name, old, new)

    def delete(self, name, key):
        old = self.row(name, key)
        self.remove(schema.BY_NAME[name], old)

    def replace(self, name, row):
        """REPLACE as a delete of each row in the way, and an insert."""
        row = tuple(row)
        table = schema.BY_NAME[name]
        self.check_parents(table, row)
        for old in self.conflicts(table, row):
            if self.logged:  # its children are kept, and it is in the log
                self.take(table, old)
                self.log(name, old, None)
            elif self.find(table, old) is not None:
                self.remove(table, old)
        self.check_parents(table, row)  # gone with what was in the way?
        self.put(table, row)
        self.log(name, None, row)

    # --- rows

    def key(self, table, row):
        return tuple(row[i] for i in table.key)

    def find(self, table, row):
        return self.tables[table.name].get(self.key(table, row))

    def row(self, name, key):
        try:
            return self.tables[name][tuple(key)]
        except KeyError:
            raise Refused from None

    def put(self, table, row):
        self.tables[table.name][self.key(table, row)] = row

    def take(self, table, row):
        del self.tables[table.name][self.key(table, row)]

    def log(self, name, before, after):
        if name in POISONED:
            self.note_refusals(name, before, after)
        actions = "none" if not self.checks else (
            "logged" if self.logged else "silent")
        self.events.append(Event(name, before, after, actions))

    def note_refusals(self, name, before, after):
        table = schema.BY_NAME[name]
        if before:
            self.refused.pop((name, self.key(table, before)), None)
        if after:
            self.refused.pop((name, self.key(table, after)), None)
            if after[POISONED[name]] == schema.POISON:
                self.refused[name, self.key(table, after)] = True

    def conflicts(self, table, row, but=None):
        found = []
        for other in self.tables[table.name].values():
            if other is but:
                continue
            if any(all(row[i] is not None and row[i] == other[i]
                       for i in columns)
                   for columns in [table.key, *table.unique]):
                found.append(other)
        return found

    def check_parents(self, table, row):
        if not self.checks:
            return
        for key in schema.PARENTS[table.name]:
            value = row[table.at[key.column]]
            at = schema.BY_NAME[key.parent].at[key.parent_column]
            if value is not None and not any(
                    parent[at] == value
                    for parent in self.tables[key.parent].values()):
                raise Refused

    def children(self, key, parent):
        value = parent[schema.BY_NAME[key.parent].at[key.parent_column]]
        at = schema.BY_NAME[key.child].at[key.column]
        return [row for row in self.tables[key.child].values()
                if row[at] == value]

    # --- foreign-key actions

    def remove(self, table, row):
        """MySQL logs what goes with a row before it; but below that each
        child before its own children."""
        self.take(table, row)
        if self.checks and self.logged:
            self.act(table, row)
        self.log(table.name, row, None)
        if self.checks and not self.logged:
            self.act(table, row)

    def act(self, table, row):
        for key in schema.CHILDREN[table.name]:
            child = schema.BY_NAME[key.child]
            for old in self.children(key, row):
                if self.find(child, old) is not old:
                    continue  # gone, or changed, by another way here
                self.take(child, old)
                new = None
                if key.rule == "SET NULL":
                    new = list(old)
                    new[child.at[key.column]] = None
                    new = tuple(new)
                    self.put(child, new)
                if self.logged:
                    self.log(child.name, old, new)
                elif new is None:
                    self.go_silently(child, old)
                if new is None:
                    self.act(child, old)

    def go_silently(self, table, row):
        name = (table.name, self.key(table, row))
        if name in self.refused:
            self.refused[name] = None


# --- what the copy must be

def text(value):
    return "~" if value is None else str(value)


def homes(tables):
    """attribute_id: the value table it is looked for in, its code."""
    types = {row[0]: row for row in tables["eav_entity_type"].values()}
    found = {}
    for number, kind, code, backend, table in tables["eav_attribute"].values():
        if kind in types and types[kind][1] == "thing":
            found[number] = table or f"{types[kind][2]}_{backend}", code
    return found


def project(tables):
    """The copy's lines, as schema.dump_sql() gives them."""
    lines = set()
    at_home = homes(tables)
    for t in schema.TABLES:
        for row in tables[t.name].values():
            if t.kind != "eav":
                lines.add("|".join([t.target, *map(text, row)]))
                continue
            _, attribute, store, entity, value = row
            home, code = at_home.get(attribute, (None, None))
            if home == t.name:
                lines.add("|".join([t.target, str(entity), str(store), code,
                                    text(value)]))
    return lines
