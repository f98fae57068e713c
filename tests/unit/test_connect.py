"""Unreachable hosts: one clear message each, exit code 3, without delay. On loopback only."""

from __future__ import annotations

import errno
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import paramiko
import pytest

from lampctl.errors import Unreachable
from lampctl.ssh import ConnectOptions, connect, target
from lampctl.ssh.connect import visitors_address
from lampctl.ssh.route import read_config
from tests.unit.sshd import RefusingServer


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts connections and never sends anything."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def run_check(*args: str) -> tuple[int, dict[str, str]]:
    argv = [str(Path(sys.executable).parent / "lampctl"), "check", *args, "--format", "json", "-F", "/dev/null"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.stderr == ""
    found: dict[str, str] = json.loads(done.stdout)["hosts"][0]["error"]
    return done.returncode, found


@pytest.mark.parametrize(
    ("peer", "port", "address"),
    [
        ("10.0.0.5", 22, "10.0.0.5"),
        ("10.0.0.5", 2222, "10.0.0.5"),
        ("127.0.0.1", 22, "127.0.0.1"),
        ("127.0.0.1", 2222, ""),
        ("::1", 2222, ""),
        ("fe80::1%eth0", 2222, "fe80::1%eth0"),
    ],
)
def test_address_under_which_visitors_reach_a_host(peer: str, port: int, address: str) -> None:
    """Behind a forwarded port, such as Vagrant's, the host's own address is not the one connected to."""
    assert visitors_address(peer, port) == address


def test_closed_port_is_reported_as_refused(closed: int) -> None:
    code, found = run_check(f"127.0.0.1:{closed}")
    assert (code, found["kind"]) == (3, "refused")
    assert f"127.0.0.1:{closed}" in found["message"]


def test_silent_host_is_reported_as_timeout(silent: int) -> None:
    code, found = run_check(f"127.0.0.1:{silent}", "--timeout", "1")
    assert (code, found["kind"]) == (3, "timeout")
    assert "--timeout" in found["hint"]


def test_unresolvable_name_is_reported() -> None:
    code, found = run_check("no-such-host.invalid")
    assert (code, found["kind"]) == (3, "name")
    assert "no-such-host.invalid" in found["message"]


def test_exit_code_is_that_of_the_worst_host(closed: int) -> None:
    argv = [
        str(Path(sys.executable).parent / "lampctl"),
        "check",
        "no-such-host.invalid",
        f"127.0.0.1:{closed}",
        "-F",
        "/dev/null",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 3
    assert "0 of 2 hosts passed" in done.stdout


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a b", "h:0", "h:99999", "@h", ""])
def test_invalid_host_names_are_refused(host: str) -> None:
    argv = [str(Path(sys.executable).parent / "lampctl"), "check", "-F", "/dev/null", "--", host]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is not a valid host" in done.stderr


def test_files_that_ssh_config_includes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh" / "conf.d").mkdir(parents=True)
    (tmp_path / ".ssh" / "conf.d" / "a").write_text("Host included\n  Port 2222\n")
    (tmp_path / "config").write_text("Include conf.d/*\nInclude=none/such\nHost *\n  Port 22\n")
    config = read_config(tmp_path / "config")
    assert [config.lookup(name)["port"] for name in ("included", "other")] == ["2222", "22"]


@pytest.fixture
def sshd() -> Iterator[int]:
    key = paramiko.ECDSAKey.generate()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            transport = paramiko.Transport(server.accept()[0])
            transport.add_server_key(key)
            with suppress(paramiko.SSHException, EOFError, OSError):  # the client has gone
                transport.start_server(server=RefusingServer())

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def connection_error(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Unreachable:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with pytest.raises(Unreachable) as caught:
        connect.connect(target(f"joe@127.0.0.1:{port}"), ConnectOptions(accept_new_host_key=True, **options))
    return caught.value


def test_hint_without_a_key_says_how_to_create_one(sshd: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = connection_error(sshd, tmp_path, monkeypatch)
    assert (error.kind, error.exit_code) == ("auth", 3)
    assert "no key" in str(error)
    assert f"ssh-keygen -t ed25519 makes one, ssh-copy-id -p {sshd} joe@127.0.0.1" in error.hint


def test_hint_for_a_refused_key_says_how_to_install_it(
    sshd: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paramiko.ECDSAKey.generate().write_private_key_file(str(tmp_path / "key"))
    error = connection_error(sshd, tmp_path, monkeypatch, key=tmp_path / "key")
    assert "no key was accepted" in str(error), error.evidence
    assert f"ssh-copy-id -p {sshd} joe@127.0.0.1" in error.hint


def test_unreadable_key_is_not_reported_as_a_network_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box's key belongs to root."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/var/lib/lampctl-box/id_ed25519")

    monkeypatch.setattr(paramiko.SSHClient, "connect", refused)
    with socket.create_server(("127.0.0.1", 0)) as server:
        error = connection_error(server.getsockname()[1], tmp_path, monkeypatch)
    assert "the key /var/lib/lampctl-box/id_ed25519 can't be read" in str(error)
    assert "sudo" in error.hint
