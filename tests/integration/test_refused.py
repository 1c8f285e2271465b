"""A target that answers and says no."""

import http.server
import json
import threading

from tests.integration import shops


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
