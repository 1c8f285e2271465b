"""The router against real PostgreSQL: flags, the lag gate, fences."""

import json
import os
import socket
import time

import pytest

from tests.integration.router_scene import Scene
from tests.lib import programs, servers

TOKEN = {"Authorization": "Bearer planted-Admin-token1"}


@pytest.fixture
def scene(postgres, target_database, tmp_path):
    scene = Scene(postgres, target_database, str(tmp_path))
    yield scene
    scene.close()


@pytest.fixture
def own_scene(tmp_path):
    """With a PostgreSQL that the test may stop."""
    postgres = servers.Postgres()
    postgres.start()
    postgres.create_database("copy")
    scene = Scene(postgres, "copy", str(tmp_path))
    yield scene
    scene.close()
    postgres.kill()


def test_flag_on_and_off(scene):
    router = scene.router(flags=None)
    assert scene.route(router) == "magento;reason=flag_off"
    scene.postgres.run("update ficus.feature_flags set enabled = true",
                       scene.database)
    scene.wait_target(router, "copy")
    assert scene.route(router, "somebody") == "copy;reason=copy"
    scene.postgres.run("update ficus.feature_flags set enabled = false "
                       "where name = 'customer_read'", scene.database)
    assert scene.wait_target(router, "magento") < 1


def test_flag_percentage_is_sticky(scene):
    router = scene.router(flags="customer_read=30")
    clients = [f"client{i}" for i in range(60)]
    first = [scene.route(router, c) for c in clients]
    copied = [r.startswith("copy") for r in first]
    assert 5 <= sum(copied) <= 32
    time.sleep(0.3)  # fences of those that went to Magento have fallen
    assert [scene.route(router, c).startswith("copy")
            for c in clients] == copied


def test_flag_by_admin_address(scene):
    router = scene.router()
    url = router.admin("/flags?name=customer_read&value=off&reason=test")
    assert programs.http(url, "PUT").status == 401
    assert programs.http(url, "PUT", headers=TOKEN).status == 428
    flags = programs.http(router.admin("/flags")).json()["flags"]
    version = next(f["version"] for f in flags
                   if f["name"] == "customer_read")
    stale = programs.http(url, "PUT", headers={
        **TOKEN, "If-Match": str(version + 1)})
    assert stale.status == 412
    done = programs.http(url, "PUT", headers={
        **TOKEN, "If-Match": str(version)})
    assert done.status == 200 and done.json()["version"] == version + 1
    assert scene.wait_target(router, "magento") < 1
    audit = scene.postgres.run(
        "select reason, actor from ficus.feature_flags_audit "
        "order by id desc limit 1", scene.database)
    assert audit == [("test", "admin address")]


def test_force_needs_no_database(scene, tmp_path):
    router = scene.router({"router": {"state_dir": str(tmp_path)}})
    put = programs.http(router.admin("/flags?force=on"), "PUT", headers=TOKEN)
    assert put.status == 200
    assert scene.route(router) == "magento;reason=admin_force"
    time.sleep(0.3)
    router.stop()
    router.start()  # it is remembered
    router.wait_ready()
    assert scene.route(router) == "magento;reason=admin_force"


def test_high_lag_is_refused_at_once(scene):
    router = scene.router()
    scene.status.lag_ms = 5000
    assert scene.wait_target(router, "magento") < 0.4
    # The snapshot said so; the gate follows with its next look.
    servers.wait_until("lag_high", 2, lambda: scene.route(
        router) == "magento;reason=lag_high")
    scene.status.lag_ms = 3
    assert scene.wait_target(router, "copy") > 0.2  # the dwell


def test_unknown_lag_is_high(scene):
    router = scene.router()
    scene.status.lag_ms = None
    assert scene.wait_target(router, "magento") < 0.4


def test_a_silent_cdc_becomes_old(scene):
    router = scene.router()
    scene.status.silent = True
    took = scene.wait_target(router, "magento")
    assert 0.5 < took < 2  # max_lag is 1 s


def test_only_streaming_is_fresh(scene):
    router = scene.router()
    scene.status.state = "catching_up"
    scene.wait_target(router, "magento")
    scene.status.state = "streaming"
    scene.wait_target(router, "copy")
    scene.status.fresh = False
    assert scene.wait_target(router, "magento") < 0.4


def test_a_new_epoch_needs_a_fresh_ticket(scene):
    router = scene.router()
    scene.status.hold_tickets = True
    scene.status.epoch = 2
    scene.wait_target(router, "magento")
    time.sleep(0.6)
    assert scene.route(router) == "magento;reason=unproven"
    scene.status.hold_tickets = False
    scene.wait_target(router, "copy")


def test_the_answer_waits_for_its_ticket(scene):
    router = scene.router()
    scene.status.hold_tickets = True
    before = scene.postgres.run(
        "select count(*) from ficus.ticket where client is not null",
        scene.database)[0][0]
    answer = programs.http(router.url("/cart"), "POST", {"a": 1},
                           {"Authorization": "Bearer one"})
    assert answer.status == 200
    after = scene.postgres.run(
        "select count(*) from ficus.ticket where client is not null",
        scene.database)[0][0]
    assert after > before  # of the head, of the end, or one of both


def test_a_client_reads_its_own_writes(scene):
    router, other = scene.router(), scene.router()
    scene.status.hold_tickets = True
    programs.http(router.url("/cart"), "POST", {"a": 1},
                  {"Authorization": "Bearer one"})
    for r in (router, other):  # any router sees the fence
        assert scene.route(r, "one").startswith("magento;reason=fe")
    assert scene.route(router, "two") == "copy;reason=copy"
    assert scene.route(other, "three") == "copy;reason=copy"
    scene.status.hold_tickets = False
    servers.wait_until("the fence falls", 5, lambda: scene.route(
        router, "one") == "copy;reason=copy")


def test_a_fenced_read_waits_for_the_copy(scene):
    """cdc passes tickets within 20 ms here: the read waits and is served."""
    router = scene.router()
    for i in range(10):
        programs.http(router.url("/cart"), "POST", {"a": i},
                      {"Authorization": "Bearer one"})
        assert scene.route(router, "one") == "copy;reason=copy"


def test_authorisation_is_magentos(scene):
    router = scene.router({"router": {"routes": scene.routes("magento")}},
                          wait=False)
    servers.wait_until("proven", 10, lambda: programs.http(
        router.admin("/health/customer")).status == 200)
    assert scene.route(router, "one") == "magento;reason=auth_unverified"
    servers.wait_until("authorised", 5, lambda: scene.route(
        router, "one") == "copy;reason=copy")
    scene.magento.status = 401
    assert scene.get(router, "stranger").status == 401


def test_no_read_fails_without_postgres(own_scene):
    scene = own_scene
    router = scene.router()
    scene.postgres.kill()
    begun = time.monotonic()
    for i in range(40):
        assert scene.get(router, f"c{i}").status == 200
    assert time.monotonic() - begun < 8
    assert scene.route(router).startswith("magento")
    answer = programs.http(router.url("/cart"), "POST", b"0123456789")
    assert answer.status == 200
    assert (scene.magento.writes, scene.magento.bytes) == (1, 10)
    scene.postgres.start()
    scene.wait_target(router, "copy", 20)


def test_no_read_fails_while_postgres_hangs(own_scene):
    scene = own_scene
    router = scene.router()
    pids = scene.postgres.run(
        "select pid from pg_stat_activity where pid <> pg_backend_pid() "
        "and application_name like 'ficus-router%'", scene.database)
    for pid, in pids:
        os.kill(pid, 19)
    try:
        for i in range(20):
            assert scene.get(router, f"c{i}").status == 200
    finally:
        for pid, in pids:
            os.kill(pid, 18)


def test_explain_says_what_is_done(scene):
    router = scene.router()
    url = router.admin("/explain?path=/api/v1/customers/5"
                       "&client=Bearer%20somebody")
    said = programs.http(url).json()
    assert (said["target"], said["reason"]) == ("copy", "copy")
    assert scene.route(router, "somebody") == "copy;reason=copy"
    said = programs.http(router.admin(
        "/explain?path=/api/v1/customers/5&method=POST")).json()
    assert (said["target"], said["reason"]) == ("magento", "method")


def test_metrics_count_every_request(scene):
    router = scene.router()
    time.sleep(0.4)

    def total():
        text = programs.http(router.admin("/metrics")).body.decode()
        lines = [x for x in text.splitlines() if x.startswith((
            "ficus_router_copy_total", "ficus_router_magento_total"))]
        return sum(float(x.split()[-1]) for x in lines)

    before = total()
    for i in range(10):
        scene.get(router, f"c{i}")
        programs.http(router.url("/x"))
    servers.wait_until("20 more", 3, lambda: total() == before + 20)
    assert programs.http(router.admin("/readyz")).status == 200
    assert b"Ficus" in programs.http(router.admin("/")).body


def test_native_writes_go_to_magentos_path(scene):
    router = scene.router()
    answer = programs.http(router.url("/api/v1/customers/5"), "PUT", {"a": 1})
    assert answer.status == 200
    assert scene.magento.writes == 1


def test_missing_in_the_copy_is_asked_of_magento(scene):
    router = scene.router()
    answer = scene.get(router, "one", "/api/v1/customers/6")
    assert answer.status == 200
    assert answer.headers["X-Ficus-Route"] == "magento;reason=fell_not_found"


def test_bad_native_queries_are_refused(scene):
    router = scene.router()
    answer = scene.get(router, "one", "/api/v1/customers?limit=x")
    assert answer.status == 400 and "error" in json.loads(answer.body)


def test_a_taken_port_is_said_with_its_cure(scene):
    router = scene.router(flags=None)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        address = f"127.0.0.1:{s.getsockname()[1]}"
        config = {"router": {"listen": address}}
        second = programs.Router(
            scene.postgres, 1, scene.directory, config, name="second",
            target_database=scene.database)
        done = second.call(timeout=20)
    assert done.returncode == 2
    assert address in done.stderr and "router.listen" in done.stderr
    assert router.running()


def test_it_ends_soon(scene):
    router = scene.router()
    scene.get(router)
    code, seconds = router.stop()
    assert code == 0 and seconds < 2
