"""fabric connections that a program created: used as they are if open, and checked if lampctl opens them."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from lampctl.errors import Unreachable
from lampctl.ssh import ConnectOptions
from tests.unit.hops import ANSWER, GATE, HOST, HOST_RSA, OTHER, Lab, lines, open_over, two_hosts


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with two_hosts(tmp_path) as found:
        yield found


def test_open_connection_of_the_caller_is_used_and_left_open(lab: Lab) -> None:
    """Checking the host key was up to the caller."""
    with lab.fabric("near") as connection:
        connection.open()
        transport = open_over(connection)
        assert connection.transport.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert (transport.host, lines(transport)) == ("near", ANSWER)
        transport.close()
        assert connection.is_connected
        assert len(lab.host.transports) == 1


@pytest.mark.parametrize(("known", "kind"), [(None, "host-key-unknown"), (OTHER, "host-key-changed")])
def test_host_key_is_checked_when_lampctl_opens_the_caller_s_connection(
    lab: Lab, known: paramiko.PKey | None, kind: str
) -> None:
    """fabric itself would accept both."""
    if known:
        lab.trust(lab.host, known)
    with lab.fabric("near") as connection:
        with pytest.raises(Unreachable) as caught:
            open_over(connection)
        assert caught.value.kind == kind
        assert not connection.is_connected


@pytest.mark.parametrize("known", [HOST, HOST_RSA])
def test_known_key_type_is_requested_from_a_host_with_several(lab: Lab, known: paramiko.PKey) -> None:
    lab.trust(lab.host, known)
    with lab.fabric("near") as connection:
        open_over(connection).close()
        assert connection.is_connected


def test_host_key_of_the_caller_s_gateway_is_checked(lab: Lab) -> None:
    lab.trust(lab.host, HOST)
    connection = lab.fabric("web1", lab.fabric("gate"))
    with pytest.raises(Unreachable, match=rf"^\[127.0.0.1\]:{lab.gate.port}: its host key is unknown"):
        open_over(connection)
    lab.trust(lab.gate, GATE)
    assert lines(open_over(connection)) == ANSWER
    connection.close()
    connection.gateway.close()


def test_missing_host_key_policy_of_the_caller_decides(lab: Lab) -> None:
    with lab.fabric("near") as connection:
        connection.client.set_missing_host_key_policy(paramiko.WarningPolicy())
        with pytest.warns(UserWarning, match="Unknown ecdsa"):
            open_over(connection)
        assert connection.is_connected


@pytest.mark.parametrize(("given", "configured", "has"), [(None, None, False), ("x", None, True), (None, "y", True)])
def test_sudo_password_is_taken_from_the_options_or_from_fabric(
    lab: Lab, given: str | None, configured: str | None, has: bool
) -> None:
    with lab.fabric("near") as connection:
        connection.open()
        connection.config.sudo.password = configured
        assert open_over(connection, ConnectOptions(sudo_password=given)).has_sudo_password is has


def test_failed_connection_is_reported_and_leaves_nothing_open(lab: Lab) -> None:
    lab.trust(lab.host, HOST)
    lab.host.closed = True
    with lab.fabric("near") as connection:
        with pytest.raises(Unreachable, match="near: no key was accepted") as caught:
            open_over(connection)
        assert caught.value.kind == "auth"
    deadline = time.monotonic() + 5
    while any(one.is_active() for one in lab.host.transports):
        assert time.monotonic() < deadline
        time.sleep(0.01)
