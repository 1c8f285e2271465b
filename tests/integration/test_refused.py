"""A target that answers and says no."""

import http.server
import json
import threading

from tests.integration import shops
from tests.lib import servers


class Hook(http.server.BaseHTTPRequestHandler):
    heard = []

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.heard.append(json.loads(self.rfile.read(size)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


def test_flags_go_off_and_people_are_told(mariadb, postgres, target_database,
                                          directory):
    mariadb.run("create database if not exists refused")
    server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    extra = {"alerts": {
        "webhook": f"http://127.0.0.1:{server.server_address[1]}/"},
        "replication": {"max_retries": 2}}
    with shops.running(mariadb, "refused", postgres, target_database,
                       directory, extra=extra) as copy:
        postgres.run("update ficus.feature_flags set enabled = true",
                     target_database)
        postgres.run("alter table customers rename column firstname to gone",
                     target_database)
        copy.write("update customer_entity set firstname = 'planted-value'")
        assert copy.cdc.process.wait(30) == 5
    flags = postgres.run("select distinct enabled, actor from "
                         "ficus.feature_flags", target_database)
    assert flags == [(False, "cdc")]
    assert len(Hook.heard) == 1 and "refuses" in Hook.heard[0]["text"]
    assert "planted-value" not in copy.cdc.log_text() + str(Hook.heard)
    server.shutdown()
    mariadb.run("drop database refused")


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
        source, source_database, postgres, target_database, directory):
    """A record and a value that the target refuses: the rest goes on, and
    they follow when the cause is gone and somebody asks for them."""
    with shops.running(source, source_database, postgres, target_database,
                       directory) as copy:
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
