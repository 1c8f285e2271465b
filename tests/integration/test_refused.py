"""A target that answers and says no."""

import contextlib
import http.server
import json
import threading

import pytest

from demo import journey
from tests.integration import shops
from tests.lib import programs, servers


class Hook(http.server.ThreadingHTTPServer):
    """A webhook's receiver that fails the first few times."""

    def __init__(self, failures=0):
        self.failures, self.failed, self.heard = failures, 0, []
        super().__init__(("127.0.0.1", 0), Post)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def settings(self):
        port = self.server_address[1]
        return {"alerts": {"webhook": f"http://127.0.0.1:{port}/a-secret"}}

    def of(self, alert):
        return [m["state"] for m in self.heard if m["alert"] == alert]

    def wait(self, alert, *states):
        servers.wait_until(f"{alert} {states}", 60,
                           lambda: self.of(alert) == list(states))


class Post(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fails = self.server.failed < self.server.failures
        if fails:
            self.server.failed += 1
        else:
            self.server.heard.append(json.loads(body))
        self.send_response(503 if fails else 204)
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def hook():
    with contextlib.closing(Hook(failures=2)) as server:
        yield server
        server.shutdown()


Hook.close = Hook.server_close


def metric(copy, name):
    text = programs.http(copy.cdc.url("/metrics")).body.decode()
    found = [line.split()[-1] for line in text.splitlines()
             if line.startswith(name + " ")]
    return float(found[0]) if found else None


def flags(target, database):
    return dict(target.run("select name, enabled from ficus.feature_flags",
                           database))


def test_a_refused_batch_switches_its_domain_off(
        source, source_database, postgres, target_database, directory, hook):
    """Its own, no other; people are told once, though the receiver fails at
    first; cdc goes on trying, and says when it is over."""
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=hook.settings()) as copy:
        postgres.run("update ficus.feature_flags set enabled = true",
                     target_database)
        postgres.run("alter table customers rename column firstname to gone",
                     target_database)
        copy.write("update customer_entity set firstname = 'planted-value'")
        hook.wait("target_refuses", "firing")
        assert hook.failed == 2 and copy.cdc.running()
        assert flags(postgres, target_database) == {
            "customer_read": False, "catalog_read": True, "order_read": True}
        reason, actor, version = postgres.run(
            "select reason, actor, version from ficus.feature_flags where "
            "name = 'customer_read'", target_database)[0]
        assert "SQLSTATE 42703" in reason and actor == "cdc"
        servers.wait_until("more attempts", 60, lambda: metric(
            copy, "ficus_cdc_refusals_in_row") >= 5)

        postgres.run("alter table customers rename column gone to firstname",
                     target_database)
        hook.wait("target_refuses", "firing", "resolved")
        copy.assert_converged()
        assert metric(copy, "ficus_cdc_refusals_in_row") == 0
        assert postgres.run(
            "select enabled, version from ficus.feature_flags where name = "
            "'customer_read'", target_database) == [(False, version)]
        told = json.dumps(hook.heard) + copy.cdc.log_text()
        assert "planted-value" not in told and "a-secret" not in told


def test_refused_by_permission(source, source_database, postgres,
                               target_database, directory, hook):
    """The statement fails when it runs, amid those of other tables."""
    user = f"cdc_of_{target_database}"
    postgres.run(f"create role {user} login superuser password 'planted-pw'")
    settings = {**hook.settings(), "target": {"user": user,
                                              "password": "planted-pw"}}
    try:
        with shops.running(source, source_database, postgres,
                           target_database, directory,
                           extra=settings) as copy:
            postgres.run("update ficus.feature_flags set enabled = true",
                         target_database)
            postgres.run(f"alter role {user} nosuperuser", target_database)
            postgres.run(f"grant all on schema ficus, public to {user}; "
                         f"grant all on all tables in schema ficus, public "
                         f"to {user}; grant all on all sequences in schema "
                         f"ficus, public to {user}; "
                         f"grant pg_monitor, pg_signal_backend to {user}; "
                         "revoke all on orders from "
                         f"{user}", target_database)
            copy.write("update sales_order set status = 'seen'",
                       "update customer_entity set firstname = 'seen'")
            hook.wait("target_refuses", "firing")
            assert flags(postgres, target_database) == {
                "customer_read": True, "catalog_read": True,
                "order_read": False}
            postgres.run(f"alter role {user} superuser", target_database)
            hook.wait("target_refuses", "firing", "resolved")
            copy.assert_converged()
    finally:
        postgres.drop_database(target_database)
        postgres.run(f"drop role {user}")
        postgres.create_database(target_database)


POISON = "planted-poison"


def letters(copy, *words):
    done = copy.cdc.call("--dead-letters", *words)
    assert done.returncode == 0, done.stderr
    assert POISON not in done.stdout
    return done.stdout


def pending(copy):
    """Letters and requests to read again that are left."""
    return copy.target.run(
        "select (select count(*) from ficus.dead_letters), "
        "(select count(*) from ficus.refetch)", copy.tdb)[0]


def test_dead_letters_are_mended_by_reading_again(
        source, source_database, postgres, target_database, directory, hook):
    """A record and a value that the target refuses: the rest goes on, and
    they follow when the cause is gone and somebody asks for them."""
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=hook.settings()) as copy:
        postgres.run("alter table customers add constraint no_poison check "
                     f"(lastname is distinct from '{POISON}')",
                     target_database)
        postgres.run("alter table product_values add constraint no_poison "
                     "check (attributes->>'name' is distinct from "
                     f"'{POISON}')", target_database)
        name, = copy.source.run(
            "select attribute_id from eav_attribute where attribute_code = "
            "'name' and entity_type_id = (select entity_type_id from "
            "eav_entity_type where entity_type_code = 'catalog_product')",
            copy.sdb)[0]
        copy.write(
            f"update customer_entity set lastname = '{POISON}' "
            "where entity_id = 3",
            f"update catalog_product_entity_varchar set value = '{POISON}' "
            f"where entity_id = 5 and attribute_id = {name}",
            "update customer_entity set lastname = 'fine' "
            "where entity_id = 4")
        copy.cdc.wait_caught_up()
        assert pending(copy)[0] >= 2
        shown = letters(copy)
        assert "customers entity_id=3" in shown
        assert "product_values entity_id=5,store_id=0" in shown
        servers.wait_until("they are counted", 20, lambda: metric(
            copy, 'ficus_cdc_dead_letters{domain="customer",'
            'table="customers"}') == 1)
        hook.wait("dead_letters", "firing")
        assert postgres.run("select lastname from customers where entity_id "
                            "= 4", target_database) == [("fine",)]

        postgres.run("alter table customers drop constraint no_poison",
                     target_database)
        postgres.run("alter table product_values drop constraint no_poison",
                     target_database)
        assert "will be read again" in letters(copy, "retry")
        servers.wait_until("letters are gone", 60,
                           lambda: pending(copy) == (0, 0))
        copy.assert_converged()
        hook.wait("dead_letters", "firing", "resolved")
        assert POISON not in json.dumps(hook.heard)
        assert letters(copy, "list") == "no dead letters\n"
        assert POISON not in copy.cdc.log_text()


def test_dead_letters_are_dropped_by_number(
        source, source_database, postgres, target_database, directory):
    with shops.running(source, source_database, postgres, target_database,
                       directory) as copy:
        postgres.run("alter table customers add constraint no_poison check "
                     f"(lastname is distinct from '{POISON}')",
                     target_database)
        copy.write(f"update customer_entity set lastname = '{POISON}' "
                   "where entity_id in (3, 4)")
        copy.cdc.wait_caught_up()
        found = json.loads(letters(copy, "list", "--json"))
        assert [x["key"] for x in found] == ["entity_id=3", "entity_id=4"]
        assert letters(copy, "drop", found[0]["id"]) == "1 dropped\n"
        left = json.loads(letters(copy, "--json"))
        assert [x["key"] for x in left] == ["entity_id=4"]
        wrong = copy.cdc.call("--dead-letters", "drop", "3x")
        assert wrong.returncode == 2 and "no number" in wrong.stderr
        wrong = copy.cdc.call("--dead-letters", "burn")
        assert wrong.returncode == 2 and "list, retry or drop" in wrong.stderr


NO_POISON = ("alter table {} add constraint no_poison check "
             f"({{}} is distinct from '{POISON}')")


def test_letters_are_superseded(source, source_database, postgres,
                                target_database, directory):
    """By a later image of the row, by its delete, by a delete of what it
    belongs to; refused again it is the same letter."""
    with shops.running(source, source_database, postgres, target_database,
                       directory) as copy:
        postgres.run(NO_POISON.format("customer_addresses", "city"),
                     target_database)
        owners = [row[0] for row in copy.source.run(
            "select distinct parent_id from customer_address_entity "
            "order by 1 limit 4", copy.sdb)]

        def poison(owner):
            copy.write(f"update customer_address_entity set city = '{POISON}'"
                       f" where parent_id = {owner}")

        for owner in owners:
            poison(owner)
        copy.cdc.wait_caught_up()
        spoiled = len(json.loads(letters(copy, "--json")))
        assert spoiled >= 4
        copy.write("update customer_address_entity set postcode = '1' "
                   f"where parent_id = {owners[0]}")
        copy.cdc.wait_caught_up()
        found = json.loads(letters(copy, "--json"))
        assert len(found) == spoiled
        assert found[0]["attempts"] == "2" and found[-1]["attempts"] == "1"

        copy.write("update customer_address_entity set city = 'fine' "
                   f"where parent_id = {owners[0]}",
                   "delete from customer_address_entity "
                   f"where parent_id = {owners[1]}",
                   f"delete from customer_entity where entity_id = "
                   f"{owners[2]}")
        servers.wait_until("only the last one's letters are left", 60,
                           lambda: pending(copy)[1] == 0 and
                           letters_of(copy) == addresses_of(copy, owners[3]))
        postgres.run("alter table customer_addresses drop constraint "
                     "no_poison", target_database)
        letters(copy, "retry")
        servers.wait_until("none is left", 60,
                           lambda: pending(copy) == (0, 0))
        copy.assert_converged()


def letters_of(copy):
    return [x["key"] for x in json.loads(letters(copy, "--json"))]


def addresses_of(copy, owner):
    return [f"entity_id={row[0]}" for row in copy.source.run(
        "select entity_id from customer_address_entity where parent_id = "
        f"{owner} order by 1", copy.sdb)]


@pytest.mark.parametrize("table, column, statement, settings", [
    ("customers", "lastname", "update customer_entity set lastname = "
     f"'{POISON}' where entity_id = 3", {"on_error": "stop"}),
    # What reading other rows depends on can't be set aside.
    ("stores", "name", f"update store set name = '{POISON}'", {})])
def test_stops_instead(mariadb, postgres, directory, table, column, statement,
                       settings, hook):
    extra = {"replication": settings, **hook.settings()}
    with shops.databases(mariadb, postgres, "stops") as name, shops.running(
            mariadb, name, postgres, name, directory, extra=extra) as copy:
        postgres.run(NO_POISON.format(table, column), name)
        copy.write(statement)
        assert copy.cdc.process.wait(60) == 3
        last = copy.cdc.log_text().splitlines()[-1]
        assert table in last and "start cdc again" in last
        assert POISON not in copy.cdc.log_text()
        assert pending(copy)[0] == 0
        assert hook.of("stopped") == ["firing"] and hook.failed == 2

        postgres.run(f"alter table {table} drop constraint no_poison", name)
        copy.cdc.start()
        copy.assert_converged()


@pytest.mark.slow
def test_clients_get_magentos_answer_for_what_was_refused(mariadb, postgres,
                                                          directory):
    """Of that key, and of lists, which may contain it."""
    with shops.databases(mariadb, postgres, "spoiled") as name:
        stage = journey.Stage(mariadb, postgres, directory, name, name)
        try:
            stage.fill(**shops.SMALL)
            stage.bootstrap()
            stage.start()
            see_what_is_spoiled(stage)
        finally:
            stage.stop()


def see_what_is_spoiled(stage):
    get = stage.client.get_from
    lists = "/api/v1/customers?limit=3&page=2"
    stage.all_from_copy()
    get("copy", lists)
    stage.target.run(NO_POISON.format("customers", "lastname"),
                     stage.target_database)
    stage.source.run(f"update customer_entity set lastname = '{POISON}' "
                     "where entity_id = 3", stage.database)
    stage.cdc.wait_caught_up()
    for path in ("/api/v1/customers/3", lists):
        assert get("magento", path).status == 200
    assert get("magento", "/api/v1/customers/3").json()["lastname"] == POISON
    get("copy", "/api/v1/customers/4")
    get("copy", "/api/v1/products/SKU-00001")

    stage.target.run("alter table customers drop constraint no_poison",
                     stage.target_database)
    assert stage.cdc.call("--dead-letters", "retry").returncode == 0
    healed = get("copy", "/api/v1/customers/3", 60)
    assert healed.json()["lastname"] == POISON
    get("copy", lists)
