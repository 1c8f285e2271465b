"""Plays a history through the real transform and applier (drive.c) and
compares the copy with the oracle at every commit."""

import os
import subprocess
import tempfile
import time

from tests.lib import programs
from tests.model import history as histories
from tests.model import schema, source


class Different(Exception):
    """The copy is not what it must be."""


class Drive:
    """The program, and a connection of our own to its database."""

    def __init__(self, postgres, database="model", binary=None):
        self.directory = tempfile.TemporaryDirectory()
        postgres.create_database(database)
        paths = []
        for name, text in (("mapping.yaml", schema.mapping()),
                           ("target.sql", schema.target_sql())):
            paths.append(os.path.join(self.directory.name, name))
            with open(paths[-1], "w") as f:
                f.write(text)
        self.process = subprocess.Popen(
            [binary or os.path.join(programs.BUILD, "tests/model/drive"),
             f"host=127.0.0.1 port={postgres.port} user={postgres.user} "
             f"password={postgres.password} dbname={database}", *paths],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines = []
        self.sent = []
        for t in schema.TABLES:
            self.say("table", t.name, *(f"{c.name}:{c.type}" + "*" * c.key
                                        for c in t.columns))
        for key in schema.KEYS:
            self.say("key", *key)
        self.sync()
        self.target = postgres.connect(database)
        self.dump_sql = schema.dump_sql()

    def say(self, *fields):
        self.lines.append("\t".join(
            "\\N" if f is None else str(f) for f in fields))

    def sync(self):
        self.say("sync")
        text = "\n".join(self.lines) + "\n"
        self.sent.append(text)
        self.lines = []
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise Different(f"drive ended: {self.process.wait()}")
        if answer != "ok\n":
            raise Different(answer.strip())

    def query(self, sql, *args):
        return self.target.execute(sql, args).fetchall()

    def dump(self):
        text = self.target.execute(self.dump_sql).fetchone()[0]
        return set(text.split("\n")) if text else set()

    def close(self):
        self.target.close()
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(30)
        self.process.stdout.close()
        self.directory.cleanup()


class Transaction:
    def __init__(self, options, events):
        self.options, self.events = options, events


def minimal(event):
    """Of the row before only its key, of the row after what was set."""
    table = schema.BY_NAME[event.table]
    before, after = event.before, event.after
    if table.kind == "metadata" or before is None:
        return before, after
    short = tuple(v if i in table.key else "\\A"
                  for i, v in enumerate(before))
    return short, after and tuple("\\A" if v == before[i] else v
                                  for i, v in enumerate(after))


class Player:
    def __init__(self, drive, history):
        self.drive, self.history = drive, history
        self.play_source()

    def play_source(self):
        """All transactions, and the source's state behind each committed
        one: the log, as it were."""
        database = source.Source(self.history["logged"])
        self.log, self.states = [], [database.state()]
        for step in self.history["steps"]:
            if step[0] != "tx":
                continue
            database.begin(step[1]["checks"])
            for op in step[2]:
                histories.perform(database, op)
            self.log.append(Transaction(step[1], database.events))
            if step[1]["end"] == "rollback":
                database.rollback()
            self.states.append(database.state())

    def play(self):
        drive = self.drive
        drive.sent, drive.lines = [], []
        drive.say("reset", self.history["bytes"],
                  self.history["transactions"])
        self.read = 0       # transactions the driver was given
        self.committed = 0  # of which it committed so many
        self.seen = 0       # the newest state that was read again
        self.waiting = []   # (Pk, name) that was read
        for step in self.history["steps"]:
            getattr(self, step[0])(*step[1:])
        self.commit()
        for _ in range(50):
            if not self.pending():
                break
            self.heal(0, 0)
        else:
            raise Different("requests to read again never end")
        self.compare(everything=True)

    # --- steps

    def tx(self, options, ops):
        del ops
        transaction = self.log[self.read]
        self.read += 1
        self.send(transaction, options.get("cut"))

    def send(self, transaction, cut=None):
        if cut is not None:
            self.events(transaction, cut)
            self.restart(but=1)
        self.events(transaction, len(transaction.events))
        if transaction.options["end"] == "rollback":
            self.drive.say("abandon")
        # The position moves on either way.
        self.drive.say("end", self.log.index(transaction) + 1)

    def events(self, transaction, count):
        options, asked = transaction.options, False
        for event in transaction.events[:count]:
            if event.table != options.get("unlogged"):
                before, after = event.before, event.after
                if options.get("minimal"):
                    before, after = minimal(event)
                self.drive.say("row", event.table, event.op, event.actions,
                               *(before or ()), *(after or ()))
            elif not asked:
                asked = True
                self.drive.say("ask", event.table)

    def restart(self, but=0):
        """Lost is what was not committed; it comes again, from where the
        checkpoint says."""
        self.drive.say("restart")
        self.drive.sync()
        at = int(self.drive.query("select position from ficus.checkpoint "
                                  "order by seq desc limit 1")[0][0])
        if at != self.committed:
            raise Different(f"the checkpoint is {at}: committed was "
                            f"{self.committed}")
        for transaction in self.log[self.committed:self.read - but]:
            self.send(transaction)

    def commit(self):
        self.drive.say("commit")
        self.drive.sync()
        self.committed = self.read
        self.pass_waiting()
        self.compare()

    # --- reading again

    def ask(self, table, selection):
        """Part of an empty transaction of its own."""
        self.drive.say("ask", table, selection)
        if self.committed == self.read:
            self.drive.say("end", self.read)

    def pending(self):
        return self.drive.query("select count(*) from ficus.refetch")[0][0]

    def pass_waiting(self):
        passed = [w for w in self.waiting if w[0] <= self.committed]
        self.waiting = [w for w in self.waiting if w[0] > self.committed]
        for _, name in passed:
            self.drive.say("passed", name)
        if passed:
            self.drive.sync()

    def heal(self, a, b):
        if self.committed != self.read:
            self.commit()
        newest = len(self.log)
        oldest = max(self.committed, self.seen)  # time does not go back
        self.seen = seen = oldest + a % (newest - oldest + 1)
        head = seen + b % (newest - seen + 1)
        requests = self.drive.query(
            "select id, source_table, selection, progress from ficus.refetch"
            " where read_position is null order by id")
        if not requests:
            return
        self.read_again(self.states[seen][0], requests)
        name = f"p{head}.{seen}.{self.committed}"
        self.drive.say("chunk", name)
        self.drive.sync()
        self.waiting.append((head, name))
        self.pass_waiting()
        self.compare()

    def read_again(self, tables, requests):
        drive = self.drive
        for name in ("eav_entity_type", "eav_attribute"):
            for row in tables[name].values():
                drive.say("map", name, *row)
        asks = []
        for number, name, selection, progress in requests:
            table = schema.BY_NAME[name]
            wanted = dict(part.split("=") for part in selection.split(",")
                          if part)
            for row in tables[name].values():
                if all(str(row[table.at[c]]) == v for c, v in wanted.items()):
                    drive.say("read", name, *row)
            if table.kind == "eav":
                self.values_gone(tables, table, wanted)
            else:
                asks += self.rows_gone(table, wanted)
            drive.say("mark", number, progress)
        for name, selection in asks:
            drive.say("ask", name, selection)

    def rows_gone(self, table, wanted):
        """By key they are gone if the source has them not; else they may
        have moved, and are asked for by key."""
        key = [table.names[i] for i in table.key]
        by_key = not wanted or set(wanted) == set(key)
        where = " and ".join(f"{c} = {v}" for c, v in wanted.items())
        rows = self.drive.query(
            f"select {', '.join(key)} from model.{table.target}"
            + (f" where {where}" if where else ""))
        if by_key and wanted:  # nor need the copy have it
            rows = [[wanted[c] for c in key]]
        for row in rows if by_key else []:
            self.drive.say("gone", table.name, *row)
        return [] if by_key else [
            (table.name, ",".join(f"{c}={v}" for c, v in zip(key, row)))
            for row in rows]

    def values_gone(self, tables, table, wanted):
        if set(wanted) - {"entity_id", "store_id"}:
            return
        others = [code for home, code in source.homes(tables).values()
                  if home != table.name and schema.BY_NAME.get(home)
                  and schema.BY_NAME[home].target == table.target]
        where = "".join(f" and {c} = {v}" for c, v in wanted.items())
        for row in self.drive.query(
                "select entity_id, store_id, k from "
                f"model.{table.target}, jsonb_object_keys(attributes) k "
                f"where k <> all(%s){where}", others):
            self.drive.say("unset", table.target, *row)

    # --- comparing

    def compare(self, everything=False):
        tables, refused = self.states[self.committed]
        fresh = everything or not self.pending()
        want = source.project(tables)
        found = self.drive.dump()
        letters = {line for line in found if line[0] == "!"}
        found -= letters
        if fresh:
            self.compare_letters(refused, letters)
        metadata = {t.target for t in schema.TABLES if t.kind == "metadata"}
        hidden = self.unhealthy(letters)
        missing, surplus = (
            sorted(line for line in lines
                   if (fresh or line.split("|")[0] in metadata)
                   and not line.startswith(hidden))
            for lines in (want - found, found - want))
        if missing or surplus:
            raise Different(
                f"at {self.committed}: the copy lacks {missing[:8]}, has "
                f"{surplus[:8]}")

    @staticmethod
    def unhealthy(letters):
        """How lines of records begin that the target has refused."""
        begins = []
        for letter in letters:
            _, target, key = letter.split("|")
            values = [part.split("=")[1] for part in key.split(",")]
            begins.append("|".join([target, *values, ""]))
        return tuple(begins)

    def compare_letters(self, refused, letters):
        must, may = set(), set()
        for (name, key), sure in refused.items():
            table = schema.BY_NAME[name]
            text = ",".join(f"{table.names[i]}={v}"
                            for i, v in zip(table.key, key))
            (must if sure else may).add(f"!|{table.target}|{text}")
        if must - letters or letters - must - may:
            raise Different(
                f"at {self.committed}: dead letters {sorted(letters)}, must "
                f"be {sorted(must)}, may be {sorted(may)}")


def play(drive, history):
    """None, or what is wrong."""
    try:
        Player(drive, history).play()
    except Different as e:
        return str(e)
    return None


def shrink(drive, history, seconds=60):
    """The shortest part of it found that still goes wrong."""
    end = time.monotonic() + seconds
    kind = play(drive, history).split(":")[-1][:12]

    def fails(steps):
        if time.monotonic() > end:
            return False
        wrong = play(drive, {**history, "steps": steps})
        return wrong is not None and wrong.split(":")[-1][:12] == kind

    steps, before = history["steps"], None
    while steps != before:
        before = steps
        steps = reduce(steps, fails)
        for at, step in enumerate(steps):
            if step[0] == "tx" and len(step[2]) > 1:
                ops = reduce(step[2], lambda ops, at=at, step=step: fails(
                    [*steps[:at], [*step[:2], ops], *steps[at + 1:]]))
                steps = [*steps[:at], [*step[:2], ops], *steps[at + 1:]]
    return {**history, "steps": steps}


def reduce(items, fails):
    """Without as many of them as can be spared, big pieces first."""
    size = len(items) // 2
    while size:
        at = 0
        while at < len(items):
            rest = items[:at] + items[at + size:]
            if rest and fails(rest):
                items = rest
            else:
                at += size
        size //= 2
    return items
