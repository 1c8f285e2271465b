"""Nothing that cdc prints, logs or serves holds a secret or a customer."""

import pytest

from tests.integration import shops
from tests.lib import programs

# What the shop and the servers' users have been planted with.
SECRETS = ("planted-", "@example.com")


@pytest.mark.slow
def test_case_151_no_secret_is_shown(source, source_database, postgres,
                                     target_database, directory):
    extra = {"metrics": {"log_level": "debug"},
             "alerts": {"webhook": "http://127.0.0.1:1/planted-hook"}}
    shown = {}
    with shops.running(source, source_database, postgres, target_database,
                       directory, extra=extra) as copy:
        # One the target refuses, so that errors are told about it.
        copy.target.run("alter table customers add check "
                        "(firstname <> 'refused')", copy.tdb)
        copy.write("update customer_entity set firstname = 'refused' where "
                   "entity_id = 1")
        copy.cdc.wait_caught_up()
        for args in (["--check"], ["--check", "--json"], ["--print-config"],
                     ["--status"], ["--status", "--json"]):
            done = copy.cdc.call(*args)
            shown[" ".join(args)] = done.stdout + done.stderr
        for path in ("/metrics", "/lag", "/", "/readyz"):
            shown[path] = programs.http(copy.cdc.url(path)).body.decode()
        copy.cdc.stop()
        shown["log"] = copy.cdc.log_text()
        copy.cdc.config["source"]["password"] = "planted-wrong"
        for args in (["--check"], [], ["--bootstrap"]):
            done = copy.cdc.call(*args)
            assert done.returncode != 0
            shown["refused " + " ".join(args)] = done.stdout + done.stderr
    for where, text in shown.items():
        assert text, where
        for secret in SECRETS:
            at = text.find(secret)
            assert at < 0, f"{where}: {text[max(at - 80, 0):at + 40]}"
