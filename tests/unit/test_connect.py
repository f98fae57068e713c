"""Hosts that can't be reached: one clear message each, exit code 3, and quickly. On loopback only."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.ssh import connect
from lampctl.ssh.connect import visited


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def error(*args: str) -> tuple[int, dict[str, str]]:
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
def test_address_that_visitors_use(peer: str, port: int, address: str) -> None:
    """Vagrant's and other forwarded ports lead to a host whose own address is not this one."""
    assert visited(peer, port) == address


def test_port_is_closed(closed: int) -> None:
    code, said = error(f"127.0.0.1:{closed}")
    assert (code, said["kind"]) == (3, "refused")
    assert f"127.0.0.1:{closed}" in said["message"]


def test_nothing_answers(silent: int) -> None:
    code, said = error(f"127.0.0.1:{silent}", "--timeout", "1")
    assert (code, said["kind"]) == (3, "timeout")
    assert "--timeout" in said["hint"]


def test_name_does_not_resolve() -> None:
    code, said = error("no-such-host.invalid")
    assert (code, said["kind"]) == (3, "name")
    assert "no-such-host.invalid" in said["message"]


def test_worst_of_several_hosts_is_the_exit_code(closed: int) -> None:
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
    assert "0 of 2 hosts are well" in done.stdout


@pytest.mark.parametrize("host", ["-oProxyCommand=x", "a b", "h:0", "h:99999", "@h", ""])
def test_what_is_no_host(host: str) -> None:
    argv = [str(Path(sys.executable).parent / "lampctl"), "check", "-F", "/dev/null", "--", host]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "is no host" in done.stderr


def test_files_that_ssh_config_includes_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh" / "conf.d").mkdir(parents=True)
    (tmp_path / ".ssh" / "conf.d" / "a").write_text("Host included\n  Port 2222\n")
    (tmp_path / "config").write_text("Include conf.d/*\nInclude=none/such\nHost *\n  Port 22\n")
    config = connect._config(tmp_path / "config")
    assert [config.lookup(name)["port"] for name in ("included", "other")] == ["2222", "22"]
