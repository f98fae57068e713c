"""Waiting for a host that is booting: which failures are retried, for how long, and what is reported meanwhile."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from lampctl.engine import reach
from lampctl.errors import Unreachable
from lampctl.journal.events import Event, Noted, Waiting
from lampctl.ssh import ConnectOptions, Target
from tests.unit.forked import run


class BootingHost:
    """A host that fails with each of `kinds` once, and is reachable after that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
        self.kinds = list(kinds)
        self.timeouts: list[float | None] = []
        self.events: list[Event] = []
        monkeypatch.setattr(reach, "open_transport", self.open)
        monkeypatch.setattr(reach, "PAUSE", 0.0)

    def open(self, where: Target, options: ConnectOptions) -> str:
        self.timeouts.append(options.timeout)
        if self.kinds:
            kind = self.kinds.pop(0)
            raise Unreachable(f"{where.text}: {kind}", kind=kind)
        return "connected"

    def reach(self, wait: float) -> object:
        return reach.reach(Target("web1", "web1"), ConnectOptions(wait=wait), self.events.append)


def test_booting_host_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    host = BootingHost(monkeypatch, "network", "timeout", "refused", "refused", "ssh")
    assert host.reach(60) == "connected"
    notes = [event.text for event in host.events if isinstance(event, Noted)]
    assert notes == [f"{kind}; waiting up to 60 s" for kind in ("network", "timeout", "refused", "ssh")]
    assert len([event for event in host.events if isinstance(event, Waiting)]) == 5


@pytest.mark.parametrize("kind", ["auth", "key", "key-passphrase", "host-key-unknown", "host-key-changed", "name"])
def test_permanent_failures_are_not_retried(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = BootingHost(monkeypatch, "refused", kind, "refused")
    with pytest.raises(Unreachable) as caught:
        host.reach(60)
    assert caught.value.kind == kind
    assert host.kinds == ["refused"]


def test_without_wait_one_attempt_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    host = BootingHost(monkeypatch, "refused")
    monkeypatch.setattr(reach, "PAUSE", 1.0)
    with pytest.raises(Unreachable):
        host.reach(0)
    assert (host.timeouts, host.events) == ([None], [])


def test_attempt_never_outlasts_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    host = BootingHost(monkeypatch)
    host.reach(3)
    assert host.timeouts[0] == pytest.approx(3, abs=0.5)


def test_wait_option_retries_a_closed_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    began = time.monotonic()
    done = run("check", f"127.0.0.1:{port}", "-F", "/dev/null", "--wait", "1.5", cwd=tmp_path)
    assert time.monotonic() - began >= 1
    assert done.returncode == 3
    first, second, *_ = done.stdout.splitlines()
    assert first == f"the connection was refused (127.0.0.1:{port}); waiting up to 1.5 s"
    assert second.startswith("✗ ")
