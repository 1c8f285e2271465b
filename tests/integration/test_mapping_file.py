"""A user's mapping file takes up a module's table and columns: docs/mapping.md,
run as it stands."""

import os
import re

import pytest

from tests.integration import shops
from tests.lib import programs

PAGE = os.path.join(programs.ROOT, "docs", "mapping.md")
ORDERS = "select entity_id, acme_channel, acme_score from {} order by 1"
NOTES = ("select note_id, order_id, author, note, fee, {} "
         "from {} order by 1")


def block(kind):
    with open(PAGE, encoding="utf-8") as f:
        return re.search(rf"```{kind}\n(.*?)```", f.read(), re.S).group(1)


def statements():
    return [s for s in block("sql").split(";\n") if s.strip()]


class Module:
    """The shop with the module, and the copy with the file."""

    def __init__(self, copy, directory):
        self.copy = copy
        self.file = os.path.join(directory, "acme.yaml")
        self.notes = 0

    def use_file(self, text=None):
        with open(self.file, "w", encoding="utf-8") as f:
            f.write(block("yaml") if text is None else text)
        self.copy.cdc.config = programs.merge(
            self.copy.cdc.config, {"transform": {"extend": [self.file]}})

    def install(self):
        self.copy.source.script(statements(), self.copy.sdb)

    def orders(self):
        return [x for x, in self.copy.source.run(
            "select entity_id from sales_order order by 1", self.copy.sdb)]

    def work(self, orders):
        rows = []
        for order in orders:
            self.notes += 1
            rows += ["insert into acme_order_note (order_id, author, note, "
                     "fee, api_token) values "
                     f"({order}, 'Zoë', 'n{self.notes}', {self.notes}.2500, "
                     f"'secret{self.notes}')",
                     f"update sales_order set acme_channel = 'c{self.notes}', "
                     f"acme_score = {self.notes}.5 where entity_id = {order}"]
        self.copy.write(*rows)

    def there(self):
        seconds = "timestampdiff(second, '1970-01-01', created_at)"
        with self.copy.session() as c, c.cursor() as cursor:
            cursor.execute("set time_zone = '+00:00'")
            cursor.execute(ORDERS.format("sales_order"))
            orders = list(cursor.fetchall())
            cursor.execute(NOTES.format(seconds, "acme_order_note"))
            return orders, list(cursor.fetchall())

    def here(self):
        seconds = "extract(epoch from created_at)::bigint"
        run = self.copy.target.run
        return (list(run(ORDERS.format("orders"), self.copy.tdb)),
                list(run(NOTES.format(seconds, "acme_order_notes"),
                         self.copy.tdb)))

    def assert_equal(self):
        self.copy.assert_converged()
        there, here = self.there(), self.here()
        assert here == there
        return here


@pytest.fixture
def module(source, source_database, postgres, target_database, directory):
    shops.fill(source, source_database, **shops.SMALL)
    copy = shops.Copy(source, source_database, postgres, target_database,
                      directory)
    yield Module(copy, directory)
    copy.cdc.kill()


def assert_no_secret(module):
    dump = module.copy.target.run(
        "select count(*) from information_schema.columns "
        "where column_name = 'api_token'", module.copy.tdb)
    assert dump[0][0] == 0


def test_a_module_is_copied_followed_and_cascades(module):
    copy = module.copy
    module.install()
    module.use_file()
    orders = module.orders()
    module.work(orders[:6])
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    assert len(module.assert_equal()[1]) == 6
    module.work(orders[4:9])
    copy.write("update acme_order_note set note = null, fee = 9 "
               "where note_id = 2",
               "delete from acme_order_note where note_id = 3")
    assert len(module.assert_equal()[1]) == 10
    # Not logged but by MySQL 9.7: the foreign key takes the notes along.
    copy.write(f"delete from sales_order where entity_id in "
               f"({orders[4]}, {orders[5]})")
    assert len(module.assert_equal()[1]) == 6
    assert_no_secret(module)


@pytest.mark.slow
def test_a_module_is_taken_up_by_a_copy_that_runs(module):
    """Installed and mapped later: only a restart, no bootstrap."""
    copy = module.copy
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    module.install()
    orders = module.orders()
    module.work(orders[:3])
    copy.cdc.wait_caught_up()
    assert copy.cdc.stop()[0] == 0
    module.work(orders[3:5])  # behind the checkpoint, before the file
    module.use_file()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    module.work(orders[5:8])
    assert len(module.assert_equal()[1]) == 8
    assert not copy.target.run("select * from ficus.refetch", copy.tdb)
    copy.write(f"delete from sales_order where entity_id = {orders[0]}")
    assert len(module.assert_equal()[1]) == 7
    # Again with the same file: nothing is made, nothing is read again.
    assert copy.cdc.stop()[0] == 0
    assert copy.cdc.call("--migrate").returncode == 0
    assert not copy.target.run("select * from ficus.refetch", copy.tdb)


@pytest.mark.slow
def test_columns_that_nobody_named_go_into_extra(module):
    copy = module.copy
    module.install()
    module.use_file("tables:\n  - {source: sales_order, extra: true, "
                    "exclude: [acme_score]}\n")
    module.copy.source.run("update sales_order set acme_channel = 'web', "
                           "acme_score = 3", copy.sdb)
    copy.bootstrap()
    found = copy.target.run("select distinct extra from orders", copy.tdb)
    assert [set(x) & {"acme_channel", "acme_score"} for x, in found] == [
        {"acme_channel"}]
    assert found[0][0]["acme_channel"] == "web"


WRONG = {
    "a key that is none": (
        lambda t: t.replace("    family:", "    famly:"),
        r"acme\.yaml:\d+:5: .*famly.*family"),
    "a table that is mapped": (
        lambda t: t.replace("  - source: sales_order\n",
                            "  - source: sales_order\n    target: orders\n"),
        r"acme\.yaml:4:5: sales_order is mapped at .*magento\.yaml:\d+:\d+ "
        r"already: here it may have `columns`, `exclude` and `extra` only"),
    "a key without its column": (
        lambda t: t.replace("key: [note_id]", "key: [id]"),
        r"acme\.yaml:\d+:11: id is not among `columns`: add it there"),
    "a type that is none": (
        lambda t: t.replace("note: text", 'note: "text; drop table orders"'),
        r"acme\.yaml:\d+:13: .*no type of PostgreSQL: write for example"),
    "a type PostgreSQL has not": (
        lambda t: t.replace("note: text", "note: texd"),
        r"acme\.yaml:17:13: .*texd.* does not exist"),
    "a family that is none": (
        lambda t: t.replace("family: sales_order", "family: sales_ordr"),
        r"acme\.yaml:\d+:5: acme_order_note: no table sales_ordr in this"),
    "a family of another domain": (
        lambda t: t.replace("domain: order", "domain: catalog"),
        r"acme\.yaml:\d+:5: acme_order_note: sales_order is of family "
        r"sales_order in domain order: name that"),
    "no key": (
        lambda t: t.replace("    key: [note_id]\n", ""),
        r"acme\.yaml:\d+:\d+: the target has no table acme_order_notes: to "
        r"have it made, say which columns are its `key`"),
    "a secret": (
        lambda t: t.replace("acme_channel: text", "protect_code: text"),
        r"acme\.yaml:\d+:\d+: sales_order\.protect_code is excluded and "
        r"stays in the source"),
    "no file": (None, r"acme\.yaml: "),
}


def test_mistakes_are_named_with_their_place(mariadb, postgres,
                                             target_database, directory):
    cdc = programs.Cdc(mariadb, postgres, directory, "none", target_database)
    path = os.path.join(directory, "acme.yaml")
    cdc.config = programs.merge(cdc.config, {"transform": {"extend": [path]}})
    for name, (change, wanted) in WRONG.items():
        if os.path.exists(path):
            os.remove(path)
        if change:
            changed = change(block("yaml"))
            assert changed != block("yaml"), name
            with open(path, "w", encoding="utf-8") as f:
                f.write(changed)
        done = cdc.call("--migrate")
        assert done.returncode == 2, (name, done.stderr)
        assert re.search(wanted, done.stderr), (name, done.stderr)
    with open(path, "w", encoding="utf-8") as f:
        f.write(block("yaml"))
    assert cdc.call("--migrate").returncode == 0
