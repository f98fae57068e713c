"""Whatever listens on the database's port: a login takes bounded memory and time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl.checks import LoginProbe
from lampctl.engine.login import log_in
from lampctl.engine.prove import probe_login
from tests.unit.fake_host import FakeHost

PROBE = LoginProbe("user", "name", "/secret")
GREETING = (
    b"\x4a\x00\x00\x00\x0a5.5.5-10.11.6\x00\x08\x00\x00\x00abcdefgh\x00\xff\xf7\x08\x02\x00\xff\x81\x15\x00\x00\x00"
    b"\x00\x00\x00\x00\x00\x00\x00abcdefghijkl\x00mysql_native_password\x00"
)


def log_in_to(speak: Callable[[socket.socket], None], timeout: float = 1.0) -> str:
    ours, theirs = socket.socketpair()

    def run() -> None:
        with suppress(OSError), theirs:
            speak(theirs)

    threading.Thread(target=run, daemon=True).start()
    return log_in(ours, PROBE, "secret", timeout)


def send(text: bytes, for_ever: bool = False) -> Callable[[socket.socket], None]:
    def speak(peer: socket.socket) -> None:
        peer.sendall(text)
        while for_ever:
            peer.sendall(text)

    return speak


def drip(peer: socket.socket) -> None:
    while True:  # packets of one byte
        peer.sendall(b"\x01\x00\x00\x00\x0a")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "speak",
    [
        send(b"\xff\xff\xff\x00" + b"x" * 65536, for_ever=True),
        send(
            GREETING + b"\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00" + b"\xff\xff\x0f\x01" + b"x" * 9999,
            for_ever=True,
        ),
        drip,
        send(b""),
    ],
)
def test_endless_answer_is_cut_off(speak: Callable[[socket.socket], None]) -> None:
    began = time.monotonic()
    result = log_in_to(speak)
    assert not result.startswith("ok")
    assert time.monotonic() - began < 8


@settings(max_examples=60, deadline=None)
@given(text=st.binary(max_size=200), greets=st.booleans())
def test_login_survives_any_answer(text: bytes, greets: bool) -> None:
    """Whatever PyMySQL raises is in the finding."""
    transport = FakeHost([])

    def tunnel(port: int, timeout: float) -> socket.socket:  # noqa: ARG001
        ours, theirs = socket.socketpair()
        with suppress(OSError), theirs:
            theirs.sendall((GREETING if greets else b"") + text)
        return ours

    transport.tunnel = tunnel  # type: ignore[assignment,method-assign]
    found = probe_login(transport, PROBE, "secret")
    assert found.raw[:1].isdigit() or found.error
