"""Connections over jump hosts: which keys are checked, which socket is used, what is closed. fabric does none of this."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from lampctl.errors import Unreachable
from tests.unit.hops import ANSWER, GATE, HOST, OTHER, Lab, lines, two_hosts


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with two_hosts(tmp_path) as found:
        yield found


def test_host_behind_a_jump_host_is_reached(lab: Lab) -> None:
    lab.trust(lab.gate, GATE)
    lab.trust(lab.host, HOST)
    transport = lab.connect()
    assert lines(transport) == ANSWER
    assert lab.gate.destinations == [("127.0.0.1", lab.host.port)]
    assert (transport.host, transport.direct, transport.address) == ("web1", False, "")
    transport.close()


@pytest.mark.parametrize(
    ("gate", "host", "kind"),
    [
        (None, HOST, "host-key-unknown"),
        (OTHER, HOST, "host-key-changed"),
        (GATE, None, "host-key-unknown"),
        (GATE, OTHER, "host-key-changed"),
    ],
)
def test_key_is_checked_on_every_hop(
    lab: Lab, gate: paramiko.PKey | None, host: paramiko.PKey | None, kind: str
) -> None:
    """By default fabric accepts any key on any hop, so each of these would connect."""
    if gate:
        lab.trust(lab.gate, gate)
    if host:
        lab.trust(lab.host, host)
    wrong = "gate" if gate is not GATE else "host"
    with pytest.raises(
        Unreachable, match=rf"^\[127.0.0.1\]:{getattr(lab, wrong).port}: its host key (is|has)"
    ) as caught:
        lab.connect()
    assert caught.value.kind == kind
    assert lab.host.logins == []
    assert bool(lab.gate.destinations) is (wrong == "host")


def test_user_is_asked_about_an_unknown_key_on_every_hop(lab: Lab) -> None:
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question.partition(" ")[0])
        return True

    lab.connect(ask=ask).close()
    names = [f"[127.0.0.1]:{server.port}" for server in (lab.gate, lab.host)]
    assert asked == names
    assert [line.partition(" ")[0] for line in lab.known_hosts.read_text().splitlines()] == names
    lab.connect().close()  # known now


def test_jump_host_that_cannot_reach_the_host_is_named(lab: Lab) -> None:
    lab.trust(lab.gate, GATE)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        lab.host.port = closed.getsockname()[1]
    with pytest.raises(Unreachable, match="web1: the jump host could not connect to it") as caught:
        lab.connect()
    assert caught.value.kind == "refused"


@pytest.mark.parametrize("refused", [True, False])
def test_jump_host_s_connection_is_closed(lab: Lab, refused: bool) -> None:
    """fabric closes neither gateways nor connections that failed to open."""
    lab.trust(lab.gate, GATE)
    if refused:
        with pytest.raises(Unreachable):
            lab.connect()
    else:
        lab.trust(lab.host, HOST)
        lab.connect().close()
    deadline = time.monotonic() + 5
    while any(one.is_active() for one in (*lab.gate.transports, *lab.host.transports)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_socket_has_nodelay_and_a_user_timeout(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.trust(lab.host, HOST)
    sockets: list[socket.socket] = []
    connect = socket.create_connection

    def kept(*arguments: object) -> socket.socket:
        sockets.append(connect(*arguments))  # type: ignore[arg-type]
        return sockets[-1]

    monkeypatch.setattr(socket, "create_connection", kept)
    transport = lab.connect("near")
    [sock] = sockets
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000
    transport.close()


def test_batch_is_sent_without_delay(lab: Lab) -> None:
    """fabric's run(in_stream=…) reads a byte at a time: 3 s for 300 bytes."""
    lab.trust(lab.host, HOST)
    transport = lab.connect("near")
    began = time.monotonic()
    assert lines(transport) == ANSWER
    assert time.monotonic() - began < 2
    transport.close()


def test_tunnel_to_a_closed_port_is_refused_immediately(lab: Lab) -> None:
    """fabric's forward_local would listen on a local port, and connect only when a client does."""
    lab.trust(lab.host, HOST)
    transport = lab.connect("near")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tunnel = transport.tunnel(port, 5)
        tunnel.sendall(b"x")
        assert server.accept()[0].recv(1) == b"x"
    with pytest.raises(ConnectionRefusedError, match=f"nothing listens on 127.0.0.1:{port}"):
        transport.tunnel(port, 5)
    assert transport.round_trips == 2
    transport.close()


def test_key_of_the_command_line_is_the_only_one_offered(lab: Lab) -> None:
    """fabric would also offer those of ssh_config."""
    lab.trust(lab.host, HOST)
    lab.host.closed = True
    HOST.write_private_key_file(str(lab.folder / "second"))
    with pytest.raises(Unreachable, match="no key was accepted"):
        lab.connect("near", config=f"{lab.config} IdentityFile {lab.folder}/second\n")
    assert set(lab.host.offered) == {OTHER}
