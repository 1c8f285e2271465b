"""Planted bugs: does tests/model/ find them?

    python3 -m tests.model.mutants [NAME…]

Each is one file of the product with one piece of text replaced, compiled
aside with the flags of the build and linked before the libraries that have
the real one; the product knows nothing of it. Text that is not there exactly
once is an error: the code has moved on, and so must the mutant. A mutant that
survives all histories is one, too.
"""

import collections
import json
import os
import re
import shlex
import subprocess
import sys
import time

from tests.lib import programs
from tests.model import play, run

SEEDS = 150


class Mutant(collections.namedtuple("Mutant", "file old new")):
    """Indented by blanks here, by tabs there."""

    def __new__(cls, file, old, new):
        return super().__new__(cls, file, *(
            re.sub(r"^(?: {8})+", lambda m: "\t" * (len(m.group()) // 8),
                   text, flags=re.MULTILINE) for text in (old, new)))


MUTANTS = {
    # --- barriers
    "no_barriers": Mutant(
        "cdc/apply.c", "return actions > 0;", "return actions > 99;"),
    "barrier_before_earlier_changes": Mutant(
        "cdc/apply.c", """\
        if (apply_write_early(apply, err) < 0)
                return err->code;
        barrier_add(apply->barrier, change);
""", """\
        barrier_add(apply->barrier, change);
"""),
    "barrier_behind_later_changes": Mutant(
        "cdc/apply.c", """\
        if (apply_run_barrier(apply, err) < 0)
                return err->code;
        if (change->arrives)""", """\
        if (change->arrives)"""),
    "barrier_of_several_tables": Mutant(
        "cdc/apply.c", """\
        if (table && table != change->table &&
            apply_run_barrier(apply, err) < 0)
                return err->code;
""", """\
        if (table && table != change->table)
                barrier_reset(apply->barrier);
"""),
    "cascade_though_children_are_logged": Mutant(
        "transform/flat_row.c", "row->actions == ROW_ACTIONS_SILENT,",
        "row->actions != ROW_ACTIONS_NONE,"),
    "cascade_though_checks_are_off": Mutant(
        "transform/flat_row.c", "row->actions == ROW_ACTIONS_SILENT,",
        "row->actions != ROW_ACTIONS_LOGGED,"),
    # --- cascades
    "set_null_taken_for_cascade": Mutant(
        "transform/fk.c", "deletes ? ACTION_DELETE : ACTION_SET_NULL",
        "ACTION_DELETE"),
    "cascade_taken_for_set_null": Mutant(
        "transform/fk.c", "deletes ? ACTION_DELETE : ACTION_SET_NULL",
        "ACTION_SET_NULL"),
    "cascade_of_depth_one": Mutant(
        "cdc/cascade.c", "        return grandchildren > 0\n",
        "        return 0\n"),
    "store_takes_values_of_all_tables": Mutant(
        "transform/fk.c", "                    !has_backend(action, t->backend))",
        "                    0)"),
    "attribute_of_another_type": Mutant(
        "cdc/cascade.c", """\
                    is_entity_type(c, row[type], action->entity_type) &&
""", ""),
    "who_comes_back_is_taken_for_new": Mutant(
        "cdc/apply.c", "        if (change->arrives)\n", "        if (0)\n"),
    # --- coalescing
    "no_reduction_of_duplicates": Mutant(
        "cdc/batch.c", """\
        if (!entry)
                entry = entry_new(batch, &wanted, hash);
""", """\
        entry = entry_new(batch, &wanted, hash);
"""),
    "delete_of_what_the_batch_wrote_is_nothing": Mutant(
        "cdc/batch.c",
        "                entry->now = (struct batch_row){ .op = BATCH_DELETE };",
        """\
                entry->now = (struct batch_row){
                        .op = entry->now.op == BATCH_UPSERT ? BATCH_NONE
                                                            : BATCH_DELETE };"""
    ),
    "insert_behind_a_delete_is_lost": Mutant(
        "cdc/batch.c", "                set_row(batch, entry, change->values);",
        """\
                if (entry->now.op != BATCH_DELETE)
                        set_row(batch, entry, change->values);"""),
    "key_change_keeps_the_old_key": Mutant(
        "transform/flat_row.c",
        "                rc = delete_row(w, row->before, false, err);",
        "                rc = 0;"),
    "value_moves_and_stays": Mutant(
        "transform/value_row.c", """\
        int rc = 0;

        if (value_moved(w->binding, row))
                rc = unset_value(w, row->before, err);
        return rc < 0 ? rc : set_value(""", """\
        int rc = 0;

        return rc < 0 ? rc : set_value("""),
    "values_rows_without_values_stay": Mutant(
        "cdc/writer.c", """\
            queue_set(writer, job, err) < 0 ||
            queue_statement(writer, job, PURGE, err) < 0)
""", """\
            queue_set(writer, job, err) < 0)
"""),
    # --- metadata
    "metadata_late": Mutant(
        "transform/flat_row.c", "        if (transform_know(w, row, err) < 0)",
        "        if (row->op != ROW_INSERT && transform_know(w, row, err) < 0)"),
    "map_of_a_rollback_stays": Mutant(
        "transform/transform.c", """\
void transform_undo(struct transform *transform)
{
        if (!transform->changed)
""", """\
void transform_undo(struct transform *transform)
{
        if (transform)
"""),
    "map_forgets_before_its_values_go": Mutant(
        "transform/value_row.c", "        if (!attribute && gone && t->changed)",
        "        if (0)"),
    # --- transactions and commits
    "rollback_keeps_the_batch": Mutant(
        "cdc/batch.c", "                e->now = e->ended;", "                ;"),
    "rollback_keeps_what_was_written": Mutant(
        "cdc/apply.c", '"rollback to savepoint source;"', '""'),
    "ended_transactions_lost_by_an_early_write": Mutant(
        "cdc/apply_write.c",
        "        if (!apply->source_written && apply->ended > 0) {",
        "        if (0) {"),
    "checkpoint_before_the_rows": Mutant(
        "cdc/apply.c", """\
        apply->source_changes = 0;
        return 0;
}

void apply_origin""", """\
        apply->source_changes = 0;
        if (apply->open)
                return 0;
        apply->next.seq = ++apply->committed.seq;
        pg_pipe_begin(apply->pg);
        checkpoint_queue(apply->pg, &apply->next);
        return pg_pipe_sync(apply->pg, NULL, NULL, err);
}

void apply_origin"""),
    # --- reading again
    "chunk_deletes_nothing": Mutant(
        "cdc/apply_chunk.c", "        if (row->op != BATCH_VALUES || row->cleared)",
        "        if (row->op == BATCH_UPSERT || row->cleared)"),
    "new_request_of_what_was_read_is_lost": Mutant(
        "cdc/refetch_log.c", " progress = '', rows_read = 0, "
        "read_position = null,", " progress = '', rows_read = 0,"),
    "children_of_gone_rows_read_once": Mutant(
        "cdc/apply_chunk.c", "        apply->refetch.again = true;", ""),
    # --- dead letters
    "refused_and_forgotten": Mutant(
        "cdc/flush.c", """\
        if (dead_letter_write(f->pg, shape, job->items, f->position, refusal,
                              err) < 0)
                return err->code;
""", ""),
    "barrier_keeps_dead_letters": Mutant(
        "cdc/apply_write.c", "        if (apply->letters[table->index] &&",
        "        if (0 &&"),
    "refused_rows_have_no_children": Mutant(
        "cdc/dead_letter.c", "        descend(log, scope->graph, table, values);",
        ""),
    "dead_letters_for_ever": Mutant(
        "cdc/flush.c", "        if (f->letters[job->table] && job->count > 0)",
        "        if (0)"),
}


class Builder:
    def __init__(self):
        self.directory = os.path.join(programs.BUILD, "tests", "model",
                                      "mutants")
        os.makedirs(self.directory, exist_ok=True)
        with open(os.path.join(programs.BUILD, "compile_commands.json")) as f:
            self.compile = {
                os.path.relpath(os.path.join(c["directory"], c["file"]),
                                programs.ROOT): shlex.split(c["command"])
                for c in json.load(f)}
        commands = subprocess.run(
            ["ninja", "-t", "commands", "tests/model/drive"],
            cwd=programs.BUILD, check=True, capture_output=True, text=True)
        self.link = shlex.split(commands.stdout.splitlines()[-1])

    def build(self, name):
        """The driver with that bug; its path."""
        mutant = MUTANTS[name]
        base = os.path.join(self.directory, name)
        with open(os.path.join(programs.ROOT, mutant.file)) as f:
            text = f.read()
        if text.count(mutant.old) != 1:
            raise ValueError(f"mutant {name}: {mutant.file} has its text "
                             f"{text.count(mutant.old)} times")
        with open(base + ".c", "w") as f:
            f.write(text.replace(mutant.old, mutant.new))
        compile = self.compile[mutant.file]
        self.run([*compile[:compile.index("-MD")], "-w", "-Wno-error", "-o",
                  base + ".o", "-c", base + ".c"])
        at = self.link.index("-o") + 1
        self.run([*self.link[:at], base, base + ".o", *self.link[at + 1:]])
        return base

    @staticmethod
    def run(command):
        done = subprocess.run(command, cwd=programs.BUILD, text=True,
                              capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])


def hunt(postgres, name, database, builder):
    """How many histories it took to find it, those found before first, and
    how; None: it survived."""
    drive = None
    found = []
    try:
        drive = play.Drive(postgres, database, builder.build(name))
        for number, known in enumerate(run.found_names(), 1):
            wrong = play.play(drive, run.found(known))
            if wrong:
                return number, wrong
        count, failed = run.run(drive, 1, SEEDS, log=found.append)
    except play.Different as e:  # so bad that it does not even start
        return 0, str(e)
    finally:
        if drive:
            drive.close()
    return (count + 1, found[0]) if failed else None


def main():
    names = sys.argv[1:] or list(MUTANTS)
    server = run.Postgres()
    server.start()
    survived = []
    try:
        builder = Builder()
        for n, name in enumerate(names):
            begun = time.monotonic()
            found = hunt(server, name, f"m{n}", builder)
            took = time.monotonic() - begun
            print(f"{name}: {took:.1f} s, "
                  + (f"history {found[0]}: {found[1][:150]}" if found
                     else "SURVIVED"), flush=True)
            if not found:
                survived.append(name)
    finally:
        server.stop()
    print(f"{len(names)} planted, {len(survived)} survived: {survived}")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
