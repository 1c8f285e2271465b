"""What transform.exclude and transform.hash name leaves the source nowhere:
not in the target, dead letters, prepared rows, logs, metrics, --print."""

import hashlib
import hmac
import os
import subprocess

import pytest

from tests.integration import shops
from tests.integration.test_xa import decide_all
from tests.lib import programs, servers

KEY = "planted-key-of-the-hashes"
EXCLUDED, HASHED = "planted-excluded", "planted-hashed"
SETTINGS = {"transform": {
    "exclude": ["customer_entity.taxvat", "customer:notes",
                "catalog_product:description"],
    "hash": ["customer_entity.middlename", "customer_entity.email",
             "customer:nickname", "customer:member_since"]}}
TAG = {"excluded": EXCLUDED, "hashed": HASHED}


def hashed(text):
    return hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def attribute(code):
    return ("(select attribute_id from eav_attribute where attribute_code = "
            f"'{code}' and entity_type_id = 1)")


def planted(entity, mark):
    """Statements: every hidden place of a customer."""
    put = ("insert into customer_entity_{} (attribute_id, entity_id, value) "
           "values ({}, {}, '{}') on duplicate key update value = "
           "values(value)")
    return [
        f"update customer_entity set taxvat = '{EXCLUDED}-{mark}', "
        f"middlename = '{HASHED}-{mark}', email = '{HASHED}-{mark}@x' "
        f"where entity_id = {entity}",
        put.format("text", attribute("notes"), entity, f"{EXCLUDED}-{mark}"),
        put.format("varchar", attribute("nickname"), entity,
                   f"{HASHED}-{mark}"),
        put.format("datetime", attribute("member_since"), entity,
                   "2001-02-03 04:05:06"),
    ]


def is_hidden(copy, entity, mark):
    name = f"{HASHED}-{mark}"
    mail = hashed(f"{name}@x")
    columns = copy.target.run(
        "select taxvat, middlename, email, email_key from customers "
        "where entity_id = %s", copy.tdb, (entity,))
    values = copy.target.run(
        "select attributes from customer_values where entity_id = %s",
        copy.tdb, (entity,))[0][0]
    assert columns[0] == (None, hashed(name), mail, f"g:{mail}")
    assert "notes" not in values
    assert values["nickname"] == hashed(name)
    assert values["member_since"] == hashed("2001-02-03 04:05:06")


def dump(target, database):
    return subprocess.run(
        [target.bin("pg_dump"), "-h", "127.0.0.1", "-p", str(target.port),
         "-U", target.user, database], check=True, capture_output=True,
        env={**os.environ, "PGPASSWORD": target.password}).stdout


def assert_nowhere(copy, shown):
    for where, text in shown.items():
        assert text, where
        for secret in (EXCLUDED, HASHED, KEY):
            # bytea is dumped in hexadecimal
            for form in (secret.encode(), secret.encode().hex().encode()):
                assert form not in text, (where, secret)


@pytest.fixture
def copy(source, postgres, directory):
    key = os.path.join(directory, "hash.key")
    with open(key, "w", encoding="utf-8") as f:
        f.write(KEY + "\n")
    extra = {"transform": {**SETTINGS["transform"], "hash_key_file": key}}
    with shops.databases(source, postgres, "hidden") as name:
        try:
            shops.fill(source, name, **shops.SMALL)
            copy = shops.Copy(source, name, postgres, name, directory, extra)
            yield copy
            copy.cdc.kill()
        finally:
            decide_all(source)


def prepare(copy, xid, *statements):
    with copy.session() as c, c.cursor() as cursor:
        cursor.execute(f"xa start '{xid}'")
        for sql in statements:
            cursor.execute(sql)
        cursor.execute(f"xa end '{xid}'")
        cursor.execute(f"xa prepare '{xid}'")


def prepared(copy):
    return copy.target.run("select count(*) from ficus.prepared",
                           copy.tdb)[0][0]


@pytest.mark.slow
def test_what_is_hidden_is_nowhere(copy):
    copy.write(*planted(1, "chunk"))
    shown = {"bootstrap": copy.bootstrap().stderr.encode()}
    is_hidden(copy, 1, "chunk")
    copy.cdc.start()
    copy.cdc.wait_streaming()
    copy.write(*planted(2, "stream"))
    # The target refuses it: a dead letter.
    copy.target.run("alter table customers add check (firstname <> 'refused')",
                    copy.tdb)
    copy.write(*planted(4, "letter"), "update customer_entity set firstname = "
               "'refused' where entity_id = 4")
    prepare(copy, "hidden", *planted(3, "xa"))
    copy.cdc.wait_caught_up(60)
    assert prepared(copy) > 0
    is_hidden(copy, 2, "stream")
    shown["prepared and dead letters"] = dump(copy.target, copy.tdb)
    assert b"refused" in shown["prepared and dead letters"]
    for path in ("/metrics", "/lag", "/"):
        shown[path] = programs.http(copy.cdc.url(path)).body
    servers.wait_until("xa commit", 60, lambda: copy.source.run(
        "xa commit 'hidden'", copy.sdb) is not None)
    copy.cdc.wait_caught_up(60)
    is_hidden(copy, 3, "xa")
    listed = copy.cdc.call("--dead-letters", "list")
    shown["letters"] = (listed.stdout + listed.stderr).encode()
    copy.cdc.stop()
    shown["log"] = copy.cdc.log_text().encode()
    shown["dump"] = dump(copy.target, copy.tdb)
    assert_nowhere(copy, shown)


@pytest.mark.slow
@pytest.mark.parametrize("source", ["mariadb"], indirect=True)
def test_print_shows_nothing_hidden(copy):
    copy.bootstrap()
    copy.write(*planted(1, "print"), "update customer_entity set firstname = "
               "'the-last-one' where entity_id = 1")
    log = copy.cdc.log + ".print"
    with open(log, "wb") as out:
        process = subprocess.Popen(copy.cdc.command("--print"), stdout=out,
                                   stderr=out)
        try:
            servers.wait_until("the change is printed", 60, lambda:
                               b"the-last-one" in read(log))
        finally:
            process.kill()
            process.wait()
    assert hashed(f"{HASHED}-print").encode() in read(log)
    assert_nowhere(copy, {"--print": read(log)})


def read(path):
    with open(path, "rb") as f:
        return f.read()


@pytest.mark.slow
@pytest.mark.parametrize("source", ["mysql"], indirect=True)
def test_an_attribute_made_with_its_values_in_one_xa_transaction(copy):
    """It is not known yet when its rows are kept."""
    copy.bootstrap()
    copy.cdc.start()
    copy.cdc.wait_streaming()
    copy.write("update eav_attribute set attribute_code = 'later' where "
               "attribute_code = 'nickname'")
    copy.cdc.wait_caught_up(60)
    at = 60000
    prepare(copy, "new",
            "insert into eav_attribute (attribute_id, entity_type_id, "
            "attribute_code, backend_type, frontend_input) values "
            f"({at}, 1, 'nickname', 'varchar', 'text')",
            "insert into customer_entity_varchar (attribute_id, entity_id, "
            f"value) values ({at}, 1, '{HASHED}-new')")
    copy.write("update customer_entity set firstname = 'x' where entity_id = 2")
    copy.cdc.wait_caught_up(60)
    assert prepared(copy) > 0
    assert_nowhere(copy, {"prepared": dump(copy.target, copy.tdb)})
    servers.wait_until("xa commit", 60, lambda: copy.source.run(
        "xa commit 'new'", copy.sdb) is not None)
    servers.wait_until("the value was read again", 60, lambda: copy.target.run(
        "select attributes ->> 'nickname' from customer_values where "
        "entity_id = 1", copy.tdb)[0][0] == hashed(f"{HASHED}-new"))


WRONG = [
    ("exclude", "customer_entity.nope", "no such column"),
    ("exclude", "nope.taxvat", "no such table"),
    ("exclude", "customer:nope", "no such attribute"),
    ("exclude", "nope:notes", "no such entity type"),
    ("exclude", "customer:email", "name that, as table.column"),
    ("exclude", "taxvat", "write table.column"),
    ("exclude", "customer_entity.entity_id", "can't be made without"),
    ("exclude", "customer_entity.store_id", "in a foreign key"),
    ("hash", "catalog_product_website.website_id", "in the primary key"),
    ("hash", "eav_attribute.attribute_code", "can't be made without"),
    ("hash", "customer_entity_varchar.value", "value table"),
    ("hash", "customer_entity.dob", "of type date"),
    ("hash", "customer_entity.taxvat", "listed twice"),
]


@pytest.mark.slow
@pytest.mark.parametrize("source", ["mariadb"], indirect=True)
def test_each_wrong_entry_is_refused_by_name(copy):
    assert copy.cdc.call("--migrate").returncode == 0
    lists = copy.cdc.config["transform"]
    good = {name: list(lists[name]) for name in ("exclude", "hash")}
    done = copy.cdc.call("--check")
    assert "transform.privacy" in done.stdout, done.stdout + done.stderr
    for where, entry, why in WRONG:
        lists.update(good)
        lists[where] = [*good[where], entry]
        done = copy.cdc.call("--check")
        text = " ".join((done.stdout + done.stderr).split())
        assert done.returncode in (1, 2), (entry, text)
        assert entry in text and why in text, (entry, text)
    lists.update(good)
    del lists["hash_key_file"]
    done = copy.cdc.call("--check")
    assert done.returncode == 2 and "hash_key_file" in done.stderr
