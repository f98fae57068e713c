"""A host that lies to lampctl: what it says goes into no other host's configuration."""

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
from tests.unit.fleets import loaded
from tests.unit.liar import Liar

quick = settings(max_examples=200, deadline=None)
GOOD = "Abcdefghijklmnopqrstuvwxyz012345"
POOL = f"{GOOD}\rphp_admin_value[auto_prepend_file]=/tmp/x.php"


def certificate() -> str:
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lampctl on db1")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


PEM = certificate()


def packed(text: str) -> str:
    return b64encode(text.encode()).decode()


PASSWORDS = [
    POOL, GOOD[1:], f"{GOOD}x", f"{GOOD} ", f'{GOOD[2:]}"x', f"{GOOD}\ruser=other", "ü" * 32, f"\\{GOOD[1:]}",
]  # fmt: skip


@pytest.mark.parametrize("said", PASSWORDS)
def test_password_that_lampctl_did_not_make(tmp_path: Path, said: str) -> None:
    part = Databases("db1", loaded(tmp_path), True)
    with pytest.raises(BadAnswer, match=r"db1: what it says is the database password of far\.test") as caught:
        part.proved(Liar(["Welcome to db1", f"far.test {said}"]))
    assert part.passwords == {}
    assert said.strip() not in f"{caught.value.message}{caught.value.hint}{caught.value.evidence}"


AUTHORITIES = [
    packed("nothing"),
    packed(f"{PEM}{PEM}"),
    packed(f"{PEM}\nssl-ca = /x"),
    packed(PEM.replace("MII", "xII")),
    packed("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    f"{packed(PEM)}!",
]


@pytest.mark.parametrize("said", AUTHORITIES)
def test_authority_that_is_no_certificate(tmp_path: Path, said: str) -> None:
    part = Databases("db1", loaded(tmp_path), True)
    with pytest.raises(BadAnswer, match="db1: what it says is the authority"):
        part.proved(Liar([f"far.test {GOOD}", f"@ {said}"]))
    assert part.authority == ""


def test_valid_answers_are_taken(tmp_path: Path) -> None:
    part = Databases("db1", loaded(tmp_path), True)
    part.proved(Liar(["Welcome to db1", "near.test not-asked", f"far.test {GOOD}", f"@ {packed(PEM)}"]))
    assert (part.passwords, part.authority) == ({"far.test": GOOD.encode()}, PEM)
    part = Databases("db1", loaded(tmp_path), True)
    part.proved(Liar(["far.test ", "@ "]))  # it has none yet
    assert (part.passwords, part.authority) == ({}, "")


@pytest.mark.parametrize("said", ["%", "10.0.0.%", "fe80::1%'", "10.0.0.7'@x", "localhost", "1"])
def test_address_that_would_open_an_account_to_others(tmp_path: Path, said: str) -> None:
    databases = Databases("db1", loaded(tmp_path), True)
    databases.address.set_result("10.0.0.5")
    sites = Sites("web1", loaded(tmp_path), "deploy", [databases], {"db1": Future()})
    with pytest.raises(BadAnswer, match="web1: what it says is its own address"):
        sites.begin(Liar([f"0 {said}"]))
    sites.end(None)
    assert sites.addresses["db1"].result() == ""


@pytest.mark.parametrize(
    ("said", "name"),
    [("web-1.a.test", "web-1.a.test"), ("x\"'$(id)", "localhost"), ("-x", "localhost"), ("a" * 300, "localhost")],
)
def test_name_of_a_host(said: str, name: str) -> None:
    """It comes into Apache's ServerName, and into certificates."""
    assert facts.parse({"host": f"{said}\n2\n1024"}, 0.0).hostname == name


VALUES: dict[str, tuple[Callable[[str, str], object], Callable[[str], object]]] = {
    "password": (lambda host, said: exchange.password(host, "a.test", said), re.compile(r"[A-Za-z0-9]{32}").fullmatch),
    "authority": (exchange.authority, lambda said: False),  # noqa: ARG005
    "address": (exchange.address, lambda said: ip_address(said)),
}


@pytest.mark.parametrize("value", VALUES)
@quick
@given(said=st.text(min_size=1) | st.from_regex(r"[A-Za-z0-9]{31,33}\s?") | st.ip_addresses().map(str))
def test_any_answer_is_good_or_refused(value: str, said: str) -> None:
    take, good = VALUES[value]
    try:
        take("db1", said)
    except BadAnswer as error:
        assert len(said) < 9 or said not in error.message + error.hint  # noqa: PT017
    else:
        assert good(said)
