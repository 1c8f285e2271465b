"""The whole path: Magento's database, cdc, PostgreSQL, router, clients.

Reads go through the router at a steady rate while parts of it are taken
away; what clients see is checked, not what programs say of themselves."""

import contextlib
import json
import os
import signal
import threading
import time

import pytest

from demo import journey
from tests.integration import conftest, shops
from tests.lib import load, programs, servers

RATE = 160  # the stand-in can do 200
PATHS = [f"/api/v1/customers/{n}" for n in range(1, 21)] + \
    [f"/api/v1/products/SKU-{n:05}" for n in range(1, 21)] + \
    ["/api/v1/categories/3", "/api/v1/orders/1",
     "/api/v1/customers?limit=3&page=2"]
QUICK = {"router": {"resume_dwell": "1s"}}


@pytest.fixture(scope="module")
def own_postgres():
    """One that tests may stop."""
    server = servers.Postgres()
    try:
        server.start()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    yield server
    server.stop()


@contextlib.contextmanager
def staged(source, source_database, target, directory, extra=None):
    if not target.running():
        target.start()
    target_database = f"copy_of_{source_database}"
    target.create_database(target_database)
    stage = journey.Stage(source, target, directory, source_database,
                          target_database, extra=extra)
    try:
        stage.fill(**shops.SMALL)
        stage.bootstrap()
        stage.start()
        yield stage
    finally:
        stage.stop()
        if not target.running():
            target.start()
        target.drop_database(target_database)


@pytest.fixture
def source(request):
    return request.getfixturevalue(getattr(request, "param", "mariadb"))


on_both = pytest.mark.parametrize(
    "source", ["mariadb", pytest.param("mysql", marks=pytest.mark.slow)],
    indirect=True)


@pytest.fixture
def stage(source, source_database, own_postgres, directory):
    with staged(source, source_database, own_postgres, directory,
                QUICK) as s:
        yield s


# --- the journey of demo.sh

@on_both
@pytest.mark.sanitize
def test_the_journey(stage):
    for step in journey.STEPS:
        step(stage)


@pytest.mark.parametrize("path", ["/rest/V1/customers", "/api/v1/customers"])
def test_a_created_customer_is_read_back(stage, path):
    """The user's own acceptance test."""
    stage.all_from_copy()
    for n in range(5):
        email = f"new{n}.{path.count('v1')}@example.com"
        begun = time.monotonic()
        made = stage.client.ask(path, "POST", {"customer": {
            "email": email, "firstname": "N", "lastname": "E",
            "website_id": 1}})
        assert made.status == 200, made.body
        read = stage.client.get(f"/api/v1/customers/{made.json()['id']}")
        assert time.monotonic() - begun < 2
        assert read.status == 200 and read.json()["email"] == email


def test_status_and_checkpoint_name_the_same_applier(stage):
    """After a restart too; the router trusts neither alone."""
    for _ in range(2):
        stage.cdc.wait_caught_up()
        epochs = stage.target.run(
            "select (select epoch from ficus.status), (select epoch from "
            "ficus.checkpoint order by seq desc limit 1), "
            "(select epoch from ficus.epoch)", stage.target_database)[0]
        assert len(set(epochs)) == 1, epochs
        stage.cdc.stop()
        stage.cdc.start()
        stage.cdc.wait_streaming()


# --- the user's routes

def user_documents():
    yield os.path.join(programs.ROOT, "tests", "golden", "routes",
                       "user.yaml")
    original = os.path.join(conftest.SHARED, "user-routing.yaml")
    if os.path.exists(original):
        yield original


@pytest.mark.parametrize("document", user_documents(), ids=os.path.basename)
def test_the_users_routes_load_unchanged(stage, document):
    """With its names given addresses, it routes as it says."""
    router = stage.new_router("users", extra={"router": {
        "routes": document, "upstreams":
        "customer-service-readonly=copy,"
        f"magento-api=127.0.0.1:{stage.magento.port}"}})
    stage.routers.append(router)
    done = router.call("--check-config")
    assert done.returncode == 0, done.stderr
    router.start().wait_ready()
    client = journey.Client(router, "user-token")
    stage.all_from_copy(client=None)
    read = client.get_from("copy", "/api/v1/customers/5", 20)
    assert read.json()["id"] == 5
    made = client.ask("/api/v1/customers", "POST", {"customer": {
        "email": "routed@example.com", "firstname": "R", "lastname": "D"}})
    assert made.status == 200 and made.route.startswith("magento")


# --- no failed read, whatever stops

@contextlib.contextmanager
def reading(stage, **more):
    """Reads at RATE; none may fail, and the rate must have been kept, as far
    as other tests beside this one let it."""
    token = {"Authorization": "Bearer load"}
    stage.all_from_copy(journey.Client(stage.router, "load"))
    with load.Load(stage.router.port, PATHS, RATE, headers=token,
                   **more) as reads:
        time.sleep(2)
        yield reads
    failed = reads.failed()
    assert not failed, (len(failed), failed[:5])
    assert reads.rate() >= RATE / 2, reads.rate()


def wait_for_copy(reads, seconds=30):
    """Until what is read now comes from the copy again."""
    servers.wait_until(
        "reads from the copy", seconds,
        lambda: reads.share(reads.now() - 0.5, reads.now()) > 0.5, 0.1)


def test_no_read_fails_while_postgres_stops(stage):
    with reading(stage) as reads:
        before = reads.now()
        stage.target.stop()
        down = reads.now()
        time.sleep(3)
        assert reads.share(down + 0.5, reads.now()) == 0
        stage.target.start()
        wait_for_copy(reads)
    assert reads.share(0.5, before) > 0.8


@pytest.mark.slow
@pytest.mark.sanitize
def test_no_read_fails_while_postgres_is_killed(stage):
    with reading(stage) as reads:
        stage.target.kill()
        time.sleep(2)
        stage.target.start()
        wait_for_copy(reads)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stop", "kill", "freeze"])
def test_no_read_fails_while_cdc_is_away(stage, how):
    with reading(stage) as reads:
        if how == "freeze":
            stage.cdc.signal(signal.SIGSTOP)
        else:
            getattr(stage.cdc, how)()
        time.sleep(2 + 1.5)  # max_lag, and the age of what was known
        away = reads.now()
        time.sleep(1.5)
        assert reads.share(away, reads.now()) == 0
        if how == "freeze":
            stage.cdc.signal(signal.SIGCONT)
        else:
            stage.cdc.start()
        wait_for_copy(reads)


@pytest.mark.slow
def test_no_read_fails_while_the_flag_switches(stage):
    with reading(stage) as reads:
        for _ in range(3):
            stage.flag("all=off")
            off = reads.now()
            time.sleep(1)
            assert reads.share(off + 0.3, reads.now()) == 0
            stage.flag("all=on")
            wait_for_copy(reads)


# --- what is read is never too old

class Writer(threading.Thread):
    """Counts up a customer's name by SQL, as fast as asked; knows when each
    number was committed."""

    def __init__(self, stage, every=0.02):
        super().__init__(daemon=True)
        self.stage, self.every = stage, every
        self.stopping = threading.Event()
        self.committed = {}  # number: when its commit had returned

    def run(self):
        with self.stage.source.connect(self.stage.database) as c, \
                c.cursor() as cursor:
            n = 0
            while not self.stopping.wait(self.every):
                n += 1
                cursor.execute("update customer_entity set firstname = "
                               f"'n{n}' where entity_id = 1")
                self.committed[n] = time.monotonic()

    def stop(self):
        self.stopping.set()
        self.join()

    def age_missed(self, seen, at):
        """For how long, at that moment, a newer number than `seen` had been
        committed; 0 if none had."""
        newer = self.committed.get(seen + 1)
        return max(0, at - newer) if newer else 0


def number_of(answer):
    name = answer.json()["firstname"]
    return int(name[1:]) if name.startswith("n") else 0


@pytest.mark.slow
def test_the_copy_is_read_only_while_it_is_fresh(
        source, source_database, own_postgres, directory):
    """cdc is frozen again and again; no answer of the copy is older than
    max_lag when its read was sent."""
    extra = {"router": {"max_lag": "700ms", "resume_dwell": "200ms"}}
    with staged(source, source_database, own_postgres, directory,
                extra) as stage:
        stage.all_from_copy()
        writer = Writer(stage)
        writer.start()
        copies, magentos, worst = 0, 0, 0
        for _ in range(4):
            stage.cdc.signal(signal.SIGSTOP)
            end, thaw = time.monotonic() + 5, time.monotonic() + 2
            while time.monotonic() < end:
                if thaw and time.monotonic() > thaw:
                    stage.cdc.signal(signal.SIGCONT)
                    thaw = None
                sent = time.monotonic()
                # A new client each time: nobody's fence is in the way, and
                # the token is known.
                answer = stage.client.get("/api/v1/customers/1")
                assert answer.status == 200
                if not answer.route.startswith("copy"):
                    magentos += 1
                    continue
                copies += 1
                worst = max(worst, writer.age_missed(number_of(answer),
                                                     sent))
        writer.stop()
        assert copies > 20 and magentos > 20, (copies, magentos)
        assert worst <= 0.75, worst


@pytest.mark.slow
def test_no_copy_read_before_a_restarted_cdc_has_caught_up(stage):
    """Writes pile up while cdc is away; after its start the first read from
    the copy shows the last of them."""
    stage.all_from_copy()
    stage.cdc.kill()
    stage.client.get_from("magento", "/api/v1/customers/2", 10)
    with stage.source.connect(stage.database) as c, c.cursor() as cursor:
        for n in range(60):
            cursor.execute(
                "insert into customer_entity (email, website_id, firstname) "
                "values " + ",".join(f"('late{n}-{k}@example.com', 1, 'L')"
                                     for k in range(1000)))
            cursor.execute("update customer_entity set firstname = 'last' "
                           "where entity_id = 2")
        cursor.execute("update customer_entity set lastname = 'the end' "
                       "where entity_id = 2")
    stage.cdc.start()
    end = time.monotonic() + 60
    while True:
        answer = stage.client.get("/api/v1/customers/2")
        assert answer.status == 200
        assert answer.json()["lastname"] == "the end", answer.route
        if answer.route.startswith("copy"):
            break
        assert time.monotonic() < end


# --- read-your-writes

@on_both
@pytest.mark.sanitize
@pytest.mark.parametrize("routers", [
    1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_client_never_reads_older_than_it_wrote(stage, routers):
    """Write through one router, read at once through each, over and over;
    what was seen never goes back. Somebody else keeps writing."""
    clients = [stage.client]
    stage.all_from_copy()
    if routers == 2:
        second = stage.new_router("second", extra=QUICK)
        stage.routers.append(second.start())
        second.wait_ready()
        clients.append(journey.Client(second, "demo-token"))
        stage.all_from_copy(clients[1])
    noise = Writer(stage, 0.005)
    noise.start()
    from_copy = 0
    for n in range(60):
        put = clients[n % len(clients)].ask("/rest/V1/customers/9", "PUT", {
            "customer": {"lastname": f"v{n}", "email":
                         "customer9@example.com"}})
        assert put.status == 200, put.body
        for client in clients * 2:
            answer = client.get("/api/v1/customers/9")
            assert answer.status == 200
            assert answer.json()["lastname"] == f"v{n}", (n, answer.route)
            from_copy += answer.route.startswith("copy")
    noise.stop()
    # Not vacuously so: the copy did answer.
    assert from_copy >= 60 * len(clients), from_copy


@pytest.mark.slow
def test_two_reads_never_go_back_in_time(stage):
    """Magento first, the copy later: the copy's answer is not older."""
    stage.all_from_copy()
    writer = Writer(stage, 0.003)
    writer.start()
    seen, from_copy = 0, 0
    for n in range(200):
        # An uncopied path: Magento answers, and the client has seen it.
        url = "/rest/V1/customers/1" if n % 4 == 0 else "/api/v1/customers/1"
        answer = stage.client.get(url)
        assert answer.status == 200
        now = number_of(answer)
        assert now >= seen, (n, answer.route)
        seen = now
        from_copy += answer.route.startswith("copy")
    writer.stop()
    assert from_copy > 50


def test_native_lists_are_alike(stage):
    stage.all_from_copy()
    for entity in ("customers", "products", "categories", "orders"):
        path = f"/api/v1/{entity}?limit=3&page=2"
        stage.flag("all=on")
        ours = stage.client.get_from("copy", path, 20).json()
        stage.flag("all=off")
        theirs = stage.client.get_from("magento", path, 5).json()
        for key in ("page", "limit", "total"):
            assert ours[key] == theirs[key], (path, key)
        assert [i["id"] for i in ours["items"]] == \
            [i["id"] for i in theirs["items"]], path
        assert len(ours["items"]) == 3


def test_native_answers_are_alike(stage):
    """The copy's JSON and Magento's, made native, have the same keys; what
    both have is equal."""
    stage.all_from_copy()
    for path in ("/api/v1/customers/3", "/api/v1/products/SKU-00003",
                 "/api/v1/categories/4", "/api/v1/orders/2"):
        ours = stage.client.get_from("copy", path).json()
        stage.flag("all=off")
        theirs = stage.client.get_from("magento", path, 5).json()
        stage.flag("all=on")
        assert list(ours) == list(theirs), path
        differ = {k: (ours[k], theirs[k]) for k in ours
                  if not isinstance(ours[k], (list, dict)) and
                  theirs[k] is not None and ours[k] != theirs[k]}
        assert not differ, json.dumps(differ)
