"""One playbook for two hosts: the part of each host, and how the hosts wait for each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lampctl.checks import Evidence, Status
from lampctl.engine.fleet import parts
from lampctl.engine.library import Files
from lampctl.errors import LampctlError, PlaybookError
from lampctl.facts import nominal
from lampctl.layers import Context, Desired, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded
from lampctl.playbook.fleet import of_databases, of_sites
from lampctl.rendering import Renderer
from lampctl.resources import (
    Action,
    Certificate,
    Change,
    Command,
    Database,
    DatabaseUser,
    File,
    certificate,
    database,
    select,
)
from lampctl.resources.certificate import CERTIFICATES
from lampctl.resources.kind import HostView, States
from lampctl.resources.pem import CertificateState
from tests.unit.fleets import TEXT, loaded


def view(item: Certificate, state: CertificateState) -> HostView:
    return HostView(States().updated(CERTIFICATES, {item.key: state}))


def wanted(share: Loaded, platform: str = "debian-12") -> Desired:
    return desired(Context.from_loaded(share, PLATFORMS[platform], nominal(platform, share.playbook.sites)))


def rendered(share: Loaded, ending: str) -> str:
    file = next(r for r in wanted(share).resources if isinstance(r, File) and r.path.endswith(ending))
    return Renderer(Files().template, share.name).text(file)


def test_database_host_has_a_server_and_accounts_only_for_the_addresses_of_sites(tmp_path: Path) -> None:
    share = of_databases(loaded(tmp_path), "db1", "10.0.0.5", ["10.0.0.7", "10.0.0.8"], True)
    keys = {resource.key for resource in wanted(share).resources}
    assert {key for key in keys if key.startswith("database")} == {
        "database:far_test", "database-user:far_test@10.0.0.7", "database-user:far_test@10.0.0.8",
    }  # fmt: skip
    assert not any("apache2" in key or "php" in key or "near" in key for key in keys)
    config = rendered(share, "90-lampctl.cnf")
    assert "bind-address = *" in config
    assert "ssl_key = /run/credentials/mariadb.service/key.pem" in config


def test_server_certificate_covers_its_names_and_keeps_those_it_had(tmp_path: Path) -> None:
    share = of_databases(loaded(tmp_path), "db1", "10.0.0.5", [], True)
    made = next(r for r in wanted(share).resources if isinstance(r, Certificate))
    assert made.names == ("host.example", "10.0.0.5")
    state = CertificateState(frozenset(("host.example", "10.9.9.9")), 9e9, "", "fits", "root:root 600")
    widened = certificate.widen([made], view(made, state))[0]
    assert widened.names == ("host.example", "10.0.0.5", "10.9.9.9")
    assert certificate.compare(widened, state, HostView()) is not None
    state = replace(state, names=frozenset(widened.names))
    assert certificate.compare(certificate.widen([made], view(made, state))[0], state, HostView()) is None
    stranger = replace(state, signed=False)
    assert certificate.widen([made], view(made, stranger)) == [made]
    change = certificate.compare(made, stranger, HostView())
    assert change is not None
    assert change.diff == "is not signed by its authority\n"
    assert "\nNAMES=DNS:host.example,IP:10.0.0.5\n" in certificate.steps([(made, change)], HostView())[0].script


def test_ca_certificate_is_a_file_of_the_site_and_is_kept_while_the_database_host_is_unreachable(
    tmp_path: Path,
) -> None:
    share = of_sites(loaded(tmp_path), {"db1": "10.0.0.5"})
    known = replace(share, authorities={"far.test": "-----BEGIN CERTIFICATE-----"})
    assert rendered(known, "/etc/ssl/lampctl/far.test.pem").endswith("\n-----BEGIN CERTIFICATE-----\n")
    files = [r for one in (share, known) for r in wanted(one).resources if isinstance(r, File) and "/etc/ssl" in r.path]
    assert [(file.path, file.seed, file.mode) for file in files] == [
        ("/etc/ssl/lampctl/far.test.pem", True, 0o644),
        ("/etc/ssl/lampctl/far.test.pem", False, 0o644),
    ]


def test_site_host_has_a_database_server_only_for_its_own_databases(tmp_path: Path) -> None:
    share = of_sites(loaded(tmp_path), {"db1": "10.0.0.5"})
    resources = wanted(share).resources
    users = [r.key for r in resources if isinstance(r, DatabaseUser)]
    assert users == ["database-user:near_test@localhost"]
    assert "bind-address = 127.0.0.1" in rendered(share, "90-lampctl.cnf")
    assert "v_DB_HOST=10.0.0.5\n" in rendered(share, "environment/far.test")
    assert "v_DB_TLS_CA=/etc/ssl/lampctl/far.test.pem\n" in rendered(share, "environment/far.test")
    assert "DB_TLS" not in rendered(share, "environment/near.test")
    alone = of_sites(loaded(tmp_path, TEXT.replace("  near.test: {database: true}\n", "")), {"db1": "10.0.0.5"})
    assert not any("mariadb" in r.key for r in wanted(alone).resources)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ("{database: {address: 10.0.0.5}}", "set both"),
        ("{database: {host: -oProxyCommand}}", "is not a valid host"),
    ],
)
def test_invalid_playbook_is_refused(tmp_path: Path, site: str, message: str) -> None:
    with pytest.raises(PlaybookError, match=message):
        loaded(tmp_path, f"extends: lamp\nsites:\n  far.test: {site}\n")


@pytest.mark.parametrize(("engine", "platform"), [("mariadb", "debian-12"), ("mysql", "debian-rolling")])
def test_account_requires_tls_and_its_password_can_be_verified(tmp_path: Path, engine: str, platform: str) -> None:
    share = of_databases(
        loaded(tmp_path, f"{TEXT}mysql: {{engine: {engine}}}\n"), "db1", "10.0.0.5", ["10.0.0.7"], True
    )
    resources = wanted(share, platform).resources
    user = next(r for r in resources if isinstance(r, DatabaseUser))
    change = Change(user.key, user.layer, Action.CREATE)
    script = database.steps([(user, change)], HostView())[0].script
    asked = database.probe([*select(resources, Database), user])
    assert "\nREQUIRE=SSL\n" in script
    assert "User = '\"'\"'far_test'\"'\"' AND Host = '\"'\"'10.0.0.7'\"'\"'" in asked
    marked = "$.metadata.lampctl" in asked  # MariaDB can compute the hash of a password again, MySQL can't
    assert (marked, "ATTRIBUTE" in script, "PASSWORD(" in asked) == (
        (True, True, False) if engine == "mysql" else (False, False, True)
    )


@pytest.mark.parametrize(
    ("raw", "broken"),
    [
        ('{"reach": "Connection refused", "tls": "", "login": ""}', "mysql.reach@far.test"),
        ('{"reach": "", "tls": "no SSL", "login": ""}', "mysql.tls@far.test"),
        ('{"reach": "", "tls": "failed", "login": "", "whose": "other"}', "mysql.tls@far.test"),
        ('{"reach": "", "tls": "", "login": "1045 Access denied"}', "mysql.login@far.test"),
        ('{"reach": "", "tls": "", "login": ""}', None),
    ],
)
def test_first_broken_hop_to_the_database_fails(tmp_path: Path, raw: str, broken: str | None) -> None:
    checks = wanted(of_sites(loaded(tmp_path), {"db1": "10.0.0.5"})).checks
    chain = [c for c in checks if c.id in (f"mysql.{hop}@far.test" for hop in ("reach", "tls", "login"))]
    assert len({c.probe for c in chain}) == 1  # all of them share one probe
    more = (
        '{"whose": "", "shown": "", ' + raw[1:-1] + ', "ms": "1", "cipher": "TLSv1.3", "user": "u@h", "version": "11"}'
    )
    failing = [c.id for c in chain if c.judge(Evidence(more, nominal("debian-12"), States())).status is Status.FAIL]
    assert failing == ([broken] if broken else [])


@pytest.mark.parametrize(
    ("whose", "message"),
    [
        ("other", "10.0.0.5 presents another certificate, not db1's"),
        ("ours", "the certificate of db1 does not cover 10.0.0.5"),
        ("unknown", "/etc/ssl/lampctl/far.test.pem, the authority of db1, can't be read"),
        ("", "db1 does not offer TLS"),
    ],
)
def test_reason_for_failed_peer_verification_is_named(tmp_path: Path, whose: str, message: str) -> None:
    check = next(c for c in wanted(of_sites(loaded(tmp_path), {"db1": "10.0.0.5"})).checks if "mysql.tls" in c.id)
    raw = f'{{"reach": "", "tls": "verify failed", "login": "", "whose": "{whose}", "shown": "shown: CN=x"}}'
    verdict = check.judge(Evidence(raw, nominal("debian-12"), States()))
    assert (verdict.status, verdict.actual, verdict.evidence) == (Status.FAIL, message, "shown: CN=x\nverify failed")
    assert "lampctl deploy" in verdict.hint


def test_wordpress_verifies_the_database_server_wherever_it_runs(tmp_path: Path) -> None:
    text = "extends: lamp\nsites:\n  far.test: {type: wordpress, database: {host: db1}}\n"
    share = of_sites(loaded(tmp_path, text), {"db1": "10.0.0.5"})
    config = rendered(share, "/etc/wordpress/config-site-far-test.php")
    assert "define('DB_HOST', '10.0.0.5');" in config
    assert "MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_VERIFY_SERVER_CERT" in config
    assert "php_value[openssl.cafile] = '/etc/ssl/lampctl/far.test.pem'" in rendered(share, "/far.test.conf")
    given = ("-dopenssl.cafile=/etc/ssl/lampctl/far.test.pem", "-dopenssl.capath=/etc/ssl/certs")
    line = " ".join(f'"{word}"' for word in ("php8.2", *given, "/usr/share/wordpress/wp-cron.php"))
    assert f"ExecStart={line}\n" in rendered(share, "lampctl-wp-cron-far.test.service")
    install = next(r for r in wanted(share).resources if isinstance(r, Command))
    for unit in ("lampctl-wp_install-far.test.service", "lampctl-wp_look-far.test@.service"):
        assert "-dopenssl.cafile=" in rendered(share, unit)
    assert "lampctl-wp_look-far.test" in install.unless
    assert "mariadb" not in install.unless  # no client is installed
    near = loaded(tmp_path, text.replace("{host: db1}", "true"))
    assert "MYSQL_CLIENT_FLAGS" not in rendered(near, "/etc/wordpress/config-site-far-test.php")
    assert "openssl" not in rendered(near, "/far.test.conf")


def test_host_that_never_connects_does_not_block_the_others(tmp_path: Path) -> None:
    found: Any = parts(loaded(tmp_path), ["web1", "web2"], "deploy")
    transport = type("Seen", (), {"direct": True, "address": "10.0.0.5"})()
    with ThreadPoolExecutor(1) as pool:
        share = pool.submit(found["db1"].begin, transport)
        found["web1"].end(None)
        found["web2"].end(None)
        assert [client.addresses for client in share.result(timeout=10).loaded.clients] == [()]
    found["db1"].end(None)


def test_unknown_address_between_two_hosts_is_an_error(tmp_path: Path) -> None:
    found: Any = parts(loaded(tmp_path), ["web1"], "deploy")
    found["db1"].end(None)
    with pytest.raises(LampctlError, match="no address is known for db1") as error:
        found["web1"].begin(None)
    assert "address: …" in error.value.hint


@pytest.mark.parametrize(
    ("targets", "status", "message"),
    [
        (["web1"], Status.FAIL, "can also connect from 10.0.0.9"),
        (["web1", "web2"], Status.PASS, "hosts outside this run: 1"),
    ],
)
def test_account_for_another_address_fails_in_a_run_for_all_hosts_of_the_playbook(
    tmp_path: Path, targets: list[str], status: Status, message: str
) -> None:
    """In a run for all hosts of the playbook nobody needs the account; otherwise it may be another host's."""
    found: Any = parts(loaded(tmp_path, f"hosts: [web1]\n{TEXT}"), targets, "check")
    for name in targets:
        found[name].addresses["db1"].set_result("10.0.0.7")
    seen = type("Seen", (), {"direct": True, "address": "10.0.0.5"})()
    checks = wanted(found["db1"].begin(seen).loaded).checks
    check = next(c for c in checks if c.id == "mysql.accounts@far.test")
    accounts = {
        "database-user:far_test@10.0.0.7": database.DatabaseState(exists=True, tls=True, login=True),
        "database-user:far_test@10.0.0.9": database.DatabaseState(exists=True),
        "database-user:far_test@localhost": database.DatabaseState(exists=True),
    }
    states = States().updated(database.DATABASES, accounts)
    verdict = check.judge(Evidence("", nominal("debian-12"), states))
    assert verdict.status is status
    assert message in verdict.actual
