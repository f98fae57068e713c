"""Connections of fabric that a program made: used as they are, and checked where lampctl opens them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from lampctl.errors import Unreachable
from lampctl.ssh import ConnectOptions
from tests.unit.hops import ANSWER, GATE, HOST, HOST_RSA, OTHER, Lab, lines, over, two_hosts


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with two_hosts(tmp_path) as found:
        yield found


def test_open_connection_of_the_caller_is_used_and_stays_open(lab: Lab) -> None:
    """Whose key the host has was the caller's to check."""
    with lab.fabric("near") as connection:
        connection.open()
        transport = over(connection)
        assert connection.transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert (transport.host, lines(transport)) == ("near", ANSWER)
        transport.close()
        assert connection.is_connected
        assert len(lab.host.transports) == 1


@pytest.mark.parametrize(("known", "kind"), [(None, "host-key-unknown"), (OTHER, "host-key-changed")])
def test_connection_that_is_opened_for_the_caller_is_checked(lab: Lab, known: paramiko.PKey | None, kind: str) -> None:
    """fabric by itself would accept both."""
    if known:
        lab.know(lab.host, known)
    with lab.fabric("near") as connection:
        with pytest.raises(Unreachable) as caught:
            over(connection)
        assert caught.value.kind == kind
        assert not connection.is_connected


@pytest.mark.parametrize("known", [HOST, HOST_RSA])
def test_host_with_keys_of_several_types_is_asked_for_the_known_one(lab: Lab, known: paramiko.PKey) -> None:
    lab.know(lab.host, known)
    with lab.fabric("near") as connection:
        over(connection).close()
        assert connection.is_connected


def test_gateway_of_the_caller_is_checked_too(lab: Lab) -> None:
    lab.know(lab.host, HOST)
    connection = lab.fabric("web1", lab.fabric("gate"))
    with pytest.raises(Unreachable, match=rf"^\[127.0.0.1\]:{lab.gate.port}: its host key is unknown"):
        over(connection)
    lab.know(lab.gate, GATE)
    assert lines(over(connection)) == ANSWER
    connection.close()
    connection.gateway.close()


def test_policy_that_the_caller_has_set_decides(lab: Lab) -> None:
    with lab.fabric("near") as connection:
        connection.client.set_missing_host_key_policy(paramiko.WarningPolicy())
        with pytest.warns(UserWarning, match="Unknown ecdsa"):
            over(connection)
        assert connection.is_connected


@pytest.mark.parametrize(("given", "configured", "has"), [(None, None, False), ("x", None, True), (None, "y", True)])
def test_sudo_password_of_the_options_or_of_fabric(
    lab: Lab, given: str | None, configured: str | None, has: bool
) -> None:
    with lab.fabric("near") as connection:
        connection.open()
        connection.config.sudo.password = configured
        assert over(connection, ConnectOptions(sudo_password=given)).has_sudo_password is has


def test_failure_to_open_is_named_and_leaves_nothing_open(lab: Lab) -> None:
    lab.know(lab.host, HOST)
    lab.host.closed = True
    with lab.fabric("near") as connection:
        with pytest.raises(Unreachable, match="near: no key was accepted") as caught:
            over(connection)
        assert caught.value.kind == "auth"
    deadline = time.monotonic() + 5
    while any(one.is_active() for one in lab.host.transports):
        assert time.monotonic() < deadline
        time.sleep(0.01)
