"""A host that lies to lampctl: its answers never reach another host's configuration."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl import facts
from lampctl.engine import exchange
from lampctl.engine.fleet import Databases, Sites
from lampctl.errors import BadAnswer
from lampctl.resources import Secret
from tests.unit.fake_host import FakeHost
from tests.unit.fleets import loaded

quick = settings(max_examples=200, deadline=None)
GOOD = "Abcdefghijklmnopqrstuvwxyz012345"
POOL = f"{GOOD}\rphp_admin_value[auto_prepend_file]=/tmp/x.php"


def certificate() -> str:
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lampctl on db1")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


PEM = certificate()


def pack(text: str) -> str:
    return b64encode(text.encode()).decode()


PASSWORDS = [
    POOL, GOOD[1:], f"{GOOD}x", f"{GOOD} ", f'{GOOD[2:]}"x', f"{GOOD}\ruser=other", "ü" * 32, f"\\{GOOD[1:]}",
]  # fmt: skip


@pytest.mark.parametrize("answer", PASSWORDS)
def test_password_that_lampctl_cannot_have_generated_is_refused(tmp_path: Path, answer: str) -> None:
    part = Databases("db1", loaded(tmp_path), True)
    with pytest.raises(BadAnswer, match=r"db1: its database password of far\.test") as caught:
        part.proved(FakeHost(["Welcome to db1", f"far.test {answer}"]))
    assert part.passwords == {}
    assert answer.strip() not in f"{caught.value.message}{caught.value.hint}{caught.value.evidence}"


AUTHORITIES = [
    pack("nothing"),
    pack(f"{PEM}{PEM}"),
    pack(f"{PEM}\nssl-ca = /x"),
    pack(PEM.replace("MII", "xII")),
    pack("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    f"{pack(PEM)}!",
]


@pytest.mark.parametrize("answer", AUTHORITIES)
def test_invalid_ca_certificate_is_refused(tmp_path: Path, answer: str) -> None:
    part = Databases("db1", loaded(tmp_path), True)
    with pytest.raises(BadAnswer, match="db1: the authority"):
        part.proved(FakeHost([f"far.test {GOOD}", f"@ {answer}"]))
    assert part.authority == ""


def test_valid_answers_are_accepted(tmp_path: Path) -> None:
    part = Databases("db1", loaded(tmp_path), True)
    part.proved(FakeHost(["Welcome to db1", "near.test not-asked", f"far.test {GOOD}", f"@ {pack(PEM)}"]))
    assert (part.passwords, part.authority) == ({"far.test": GOOD.encode()}, PEM)
    part = Databases("db1", loaded(tmp_path), True)
    part.proved(FakeHost(["far.test ", "@ "]))  # no password and no CA certificate yet
    assert (part.passwords, part.authority) == ({}, "")


@pytest.mark.parametrize("answer", ["%", "10.0.0.%", "fe80::1%'", "10.0.0.7'@x", "localhost", "1"])
def test_address_that_would_open_an_account_to_other_hosts_is_refused(tmp_path: Path, answer: str) -> None:
    databases = Databases("db1", loaded(tmp_path), True)
    databases.address.set_result("10.0.0.5")
    sites = Sites("web1", loaded(tmp_path), "deploy", [databases], {"db1": Future()})
    with pytest.raises(BadAnswer, match="web1: its own address"):
        sites.begin(FakeHost([f"0 {answer}"]))
    sites.end(None)
    assert sites.addresses["db1"].result() == ""


@pytest.mark.parametrize(
    ("answer", "name"),
    [("web-1.a.test", "web-1.a.test"), ("x\"'$(id)", "localhost"), ("-x", "localhost"), ("a" * 300, "localhost")],
)
def test_invalid_hostname_of_a_host_becomes_localhost(answer: str, name: str) -> None:
    """The hostname is in the certificate of a database server."""
    assert facts.parse({"host": f"{answer}\n2\n1024"}, 0.0).hostname == name


VALUES: dict[str, tuple[Callable[[str, str], object], Callable[[str], object]]] = {
    "password": (
        lambda host, answer: exchange.password(host, "a.test", answer),
        re.compile(r"[A-Za-z0-9]{32}").fullmatch,
    ),
    "secret": (
        lambda host, answer: exchange.secret(host, Secret("env@a.test@KEY", "site", "KEY"), answer),
        re.compile(r"[A-Za-z0-9]{32}").fullmatch,
    ),
    "authority": (exchange.authority, lambda answer: False),  # noqa: ARG005
    "address": (exchange.address, lambda answer: ip_address(answer)),
}


@pytest.mark.parametrize("value", VALUES)
@quick
@given(answer=st.text(min_size=1) | st.from_regex(r"[A-Za-z0-9]{31,33}\s?") | st.ip_addresses().map(str))
def test_any_answer_is_valid_or_refused(value: str, answer: str) -> None:
    take, good = VALUES[value]
    try:
        take("db1", answer)
    except BadAnswer as error:
        assert len(answer) < 9 or answer not in error.message + error.hint  # noqa: PT017
    else:
        assert good(answer)
