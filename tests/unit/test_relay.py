"""What a host asks of a mail relay: the program of the check, with real relays on this machine and a msmtp that is a stub."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.resources.shell import program

RELAY = Path(__file__).parents[1] / "hosts/relay.py"
PASSWORD = "s3cret"
CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout relay.key -out relay.crt -subj /CN=localhost -days 2"
    " -addext subjectAltName=DNS:localhost"
)


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def relays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, int]]]:
    """(a folder with what the program reads, how a relay encrypts → its port)."""
    folder = tmp_path_factory.mktemp("relay")
    subprocess.run(CERTIFICATE.split(), cwd=folder, check=True, capture_output=True)
    for name, code in (("works", 0), ("fails", 78)):
        (folder / name).mkdir()
        (folder / name / "msmtp").write_text(f"#!/bin/sh\necho 'msmtp: what it says'; exit {code}\n")
        (folder / name / "msmtp").chmod(0o755)
    for name in ("right", "login"):
        (folder / name).write_text(f"{PASSWORD}\n")
    (folder / "wrong").write_text("hunter2\n")
    ports = {tls: free() for tls in ("starttls", "tls", "none")}
    started = [
        subprocess.Popen([sys.executable, RELAY, folder, str(port), tls, *(("shop",) if tls != "none" else ())])
        for tls, port in ports.items()
    ]
    for port in ports.values():
        _wait(port)
    yield folder, {**ports, "dead": free()}
    for process in started:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    ends = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < ends
            time.sleep(0.05)
        else:
            break


def ask(
    relays: tuple[Path, dict[str, int]],
    port: str,
    tls: str,
    password: str = "right",
    host: str = "localhost",
    msmtp: str = "works",
    trusted: bool = True,
) -> list[str]:
    folder, ports = relays
    environment = {
        "PATH": f"{folder / msmtp}:{os.environ['PATH']}",
        "SSL_CERT_FILE": str(folder / "relay.crt") if trusted else "/dev/null",
    }
    login = ["shop", str(folder / password)] if password else []
    words = ["perl", "-", host, str(ports[port]), tls, "a.test", "msmtp.conf", *login]
    done = subprocess.run(
        words, input=program("mail/ask.pl"), env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.count("\n") == 1
    return done.stdout.rstrip("\n").split("\t")


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_login_is_accepted_and_refused(relays: tuple[Path, dict[str, int]], tls: str) -> None:
    assert ask(relays, tls, tls) == ["right"]
    refused = ask(relays, tls, tls, password="wrong")
    assert refused == ["login", "535", "5.7.8 no such user or password: ***"]


def test_no_mail_is_sent(relays: tuple[Path, dict[str, int]]) -> None:
    assert ask(relays, "none", "none", password="") == ["right"]
    assert list(relays[0].glob("*.mail")) == []


def test_unreadable_password_is_named(relays: tuple[Path, dict[str, int]]) -> None:
    assert ask(relays, "tls", "tls", password="none") == ["password", "No such file or directory"]


@pytest.mark.parametrize("msmtp", ["works", "fails"])
def test_certificate_is_verified(relays: tuple[Path, dict[str, int]], msmtp: str) -> None:
    assert ask(relays, "starttls", "starttls", host="127.0.0.1", msmtp=msmtp)[0] == "certificate"
    assert ask(relays, "tls", "tls", msmtp=msmtp, trusted=False)[0] == "certificate"


def test_what_msmtp_does_not_reach_is_named(relays: tuple[Path, dict[str, int]]) -> None:
    assert ask(relays, "dead", "starttls", msmtp="fails") == ["connect", "Connection refused"]
    assert ask(relays, "dead", "starttls", host="nowhere.invalid", msmtp="fails") == ["name"]
    assert ask(relays, "starttls", "tls", msmtp="fails")[0] == "tls"
    assert ask(relays, "none", "starttls", msmtp="fails")[0] == "tls"
    assert ask(relays, "none", "none", msmtp="fails") == ["msmtp", "78", "msmtp: what it says"]
