"""How cdc logs in at the source: authentication plugins and TLS modes."""

import os
import subprocess

import pytest

from tests.integration import shops
from tests.lib import servers

TINY = {"customers": 5, "products": 5, "categories": 4, "orders": 5}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """An authority and a server certificate for "localhost"."""
    path = str(tmp_path_factory.mktemp("tls"))
    for command in (
            "req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out "
            "ca.pem -subj /CN=ficus-test-ca",
            "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr "
            "-subj /CN=localhost",
            "x509 -req -in server.csr -CA ca.pem -CAkey ca.key "
            "-CAcreateserial -days 2 -out server.pem"):
        subprocess.run(["openssl", *command.split()], cwd=path, check=True,
                       capture_output=True)
    return path


def prepared(server):
    try:
        server.start()
    except servers.Unavailable as e:
        pytest.skip(str(e))
    server.grant_replica()
    server.run("create database shop character set utf8mb4 collate "
               "utf8mb4_general_ci")
    shops.fill(server, "shop", **TINY)
    return server


@pytest.fixture(scope="module")
def secured(certificates):
    """MariaDB with TLS and the ed25519 plugin."""
    server = prepared(servers.MariaDB(options=[
        f"--ssl-cert={certificates}/server.pem",
        f"--ssl-key={certificates}/server.key"]))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sha2():
    """MySQL 9.7 makes a certificate of its own; caching_sha2 is all it has."""
    server = prepared(servers.MySQL())
    yield server
    server.stop()


def bootstrap(source, postgres, target_database, directory, **settings):
    copy = shops.Copy(source, "shop", postgres, target_database, directory,
                      {"source": settings})
    return copy, copy.cdc.call("--bootstrap")


def works(*args, **settings):
    copy, done = bootstrap(*args, **settings)
    assert done.returncode == 0, done.stderr[-1500:]
    copy.assert_equal()


def test_ed25519(secured, postgres, target_database, directory):
    try:
        secured.run("install soname 'auth_ed25519'")
    except servers.pymysql.MySQLError as e:
        pytest.skip(f"this MariaDB has no ed25519 plugin: {e}")
    secured.script([
        f"create user modern@'%' identified via ed25519 using "
        f"password('{servers.PASSWORD}')",
        f"grant {secured.replica_privileges} on *.* to modern@'%'"])
    works(secured, postgres, target_database, directory, user="modern")


def test_native_password(secured, postgres, target_database, directory):
    works(secured, postgres, target_database, directory)


@pytest.mark.parametrize("mode", ["required", "verify_ca", "verify_identity"])
def test_tls(secured, certificates, postgres, target_database, directory,
             mode):
    secured.script([
        f"create or replace user tls@'%' identified by '{servers.PASSWORD}' "
        "require ssl",
        f"grant {secured.replica_privileges} on *.* to tls@'%'"])
    works(secured, postgres, target_database, directory, user="tls",
          tls=mode, host="localhost",
          tls_ca=os.path.join(certificates, "ca.pem"))


def test_a_wrong_authority_is_refused(secured, tmp_path, postgres,
                                      target_database, directory):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
         "2", "-keyout", "other.key", "-out", "other.pem", "-subj",
         "/CN=somebody-else"], cwd=tmp_path, check=True, capture_output=True)
    _, done = bootstrap(secured, postgres, target_database, directory,
                        tls="verify_ca", host="localhost",
                        tls_ca=str(tmp_path / "other.pem"))
    assert done.returncode in (3, 4)
    assert "certificate" in done.stderr.lower()


def test_tls_required_of_a_server_without_it(mariadb, postgres,
                                             target_database, directory):
    mariadb.run("create database if not exists shop")
    _, done = bootstrap(mariadb, postgres, target_database, directory,
                        tls="required")
    mariadb.run("drop database shop")
    assert done.returncode in (3, 4)
    assert "tls" in done.stderr.lower()


def test_caching_sha2_over_tls(sha2, postgres, target_database, directory):
    works(sha2, postgres, target_database, directory, tls="required",
          allow_public_key=False)


def test_case_142_caching_sha2_without_tls_needs_the_public_key(
        sha2, postgres, target_database, directory):
    # A full log-in: what the server has cached by now would not ask again.
    sha2.run("flush privileges")
    _, done = bootstrap(sha2, postgres, target_database, directory, tls="off",
                        allow_public_key=False)
    assert done.returncode in (3, 4)
    assert "allow_public_key" in done.stderr or "TLS" in done.stderr
    sha2.run("flush privileges")
    works(sha2, postgres, target_database, directory, tls="off",
          allow_public_key=True)
