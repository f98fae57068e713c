"""known_hosts as OpenSSH reads it, before anything is sent to a host: markers, patterns, hashes, several keys."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import paramiko
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl.errors import Unreachable
from lampctl.ssh import ConnectOptions, connect, knownhosts, target
from tests.unit.sshd import RefusingServer

ECDSA, RSA = paramiko.ECDSAKey.generate(), paramiko.RSAKey.generate(2048)
OTHER = paramiko.ECDSAKey.generate()


@pytest.fixture
def port() -> Iterator[int]:
    """The port of an sshd with two host keys that refuses every login."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            transport = paramiko.Transport(server.accept()[0])
            transport.add_server_key(ECDSA)
            transport.add_server_key(RSA)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=RefusingServer())

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def kind(port: int, tmp_path: Path, lines: list[str], config: str = "", *, accept: bool = False) -> str:
    """The kind of error that ends the connection: `auth` if the host key was accepted."""
    name = f"[127.0.0.1]:{port}"
    OTHER.write_private_key_file(str(tmp_path / "key"))
    known = tmp_path / "known"
    known.write_text("".join(f"{line.replace('HOST', name)}\n" for line in lines))
    text = f"Host *\n UserKnownHostsFile {known}\n{config}"
    with pytest.raises(Unreachable) as caught:
        connect.connect(
            target(f"joe@127.0.0.1:{port}"),
            ConnectOptions(key=tmp_path / "key", config=text, timeout=5, accept_new_host_key=accept),
        )
    assert caught.value.exit_code == 3
    return caught.value.kind


def line(key: paramiko.PKey, names: str = "HOST", marker: str = "") -> str:
    return f"{marker} {names} {key.get_name()} {key.get_base64()} a comment".strip()


CASES: dict[str, tuple[list[str], str]] = {
    "nothing": ([], "host-key-unknown"),
    "its key": ([line(ECDSA)], "auth"),
    "its other key": ([line(RSA)], "auth"),
    "another key": ([line(OTHER)], "host-key-changed"),
    "another RSA key": ([line(paramiko.RSAKey.generate(2048))], "host-key-changed"),
    "one of two keys of a type": ([line(OTHER), line(ECDSA)], "auth"),
    "a CA key": ([line(OTHER, "*", "@cert-authority")], "host-key-unknown"),
    "a CA key, and its own key": ([line(OTHER, "*", "@cert-authority"), line(ECDSA)], "auth"),
    "revoked": ([line(ECDSA, "*", "@revoked"), line(RSA, "*", "@revoked")], "host-key-revoked"),
    "revoked, and known": ([line(ECDSA), line(ECDSA, "*", "@revoked")], "host-key-revoked"),
    "another is revoked": ([line(OTHER, "*", "@revoked"), line(ECDSA)], "auth"),
    "revoked of another host": ([line(ECDSA, "other.test", "@revoked"), line(ECDSA)], "auth"),
    "a pattern": ([line(ECDSA, "other.test,[127.*]:*")], "auth"),
    "a negated pattern": ([line(ECDSA, "*,![127.*]:*")], "host-key-unknown"),
    "a key of a type that can't be checked": ([f"HOST ssh-dss {OTHER.get_base64()}"], "host-key-unknown"),
    "an unknown marker": ([line(ECDSA, "*", "@strange")], "host-key-unknown"),
    "invalid lines": (["x", "@revoked", "HOST ssh-rsa !!!", "|1|x HOST y", "\x00 \x00 \x00", line(ECDSA)], "auth"),
}


@pytest.mark.parametrize("case", CASES)
def test_known_hosts_file_decides_the_outcome(port: int, tmp_path: Path, case: str) -> None:
    lines, wanted = CASES[case]
    assert kind(port, tmp_path, lines) == wanted


def test_revoked_key_is_not_accepted_as_new(port: int, tmp_path: Path) -> None:
    lines = [line(ECDSA, "*", "@revoked"), line(RSA, "*", "@revoked")]
    assert kind(port, tmp_path, lines, accept=True) == "host-key-revoked"
    assert len((tmp_path / "known").read_text().splitlines()) == 2


def test_host_certificate_authority_is_reported(port: int, tmp_path: Path) -> None:
    (tmp_path / "known").write_text(line(OTHER, "*", "@cert-authority"))
    with pytest.raises(Unreachable, match=r"host certificates, which .*known:1 is for, are not supported"):
        connect.connect(
            target(f"joe@127.0.0.1:{port}"),
            ConnectOptions(config=f"Host *\n UserKnownHostsFile {tmp_path}/known\n"),
        )


@pytest.mark.parametrize("hashes", [True, False])
def test_accepted_key_is_recorded_as_ssh_config_says(port: int, tmp_path: Path, hashes: bool) -> None:
    config = " HashKnownHosts yes\n" if hashes else ""
    assert kind(port, tmp_path, [], config, accept=True) == "auth"
    known = (tmp_path / "known").read_text()
    assert known.startswith("|1|") is hashes
    assert ("127.0.0.1" in known) is not hashes
    found = knownhosts.read(f"[127.0.0.1]:{port}", [tmp_path / "known"])
    assert len(found.keys) == 1
    ssh = ["ssh-keygen", "-F", f"[127.0.0.1]:{port}", "-f", str(tmp_path / "known")]
    assert subprocess.run(ssh, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", ["web1.example.com", "[web1.example.com]:2222"])
def test_names_hashed_by_openssh_match(tmp_path: Path, name: str) -> None:
    known = tmp_path / "known"
    known.write_text(line(ECDSA, name) + "\n")
    subprocess.run(["ssh-keygen", "-H", "-f", str(known)], capture_output=True, check=True)
    assert known.read_text().startswith("|1|")
    assert knownhosts.read(name, [known]).keys
    assert not knownhosts.read("other.test", [known]).keys


@settings(max_examples=200, deadline=None)
@given(text=st.lists(st.sampled_from(["@revoked", "|1|", "|", "|1|eA==|eA==", "h", "!h", "*", ",", "ssh-rsa", "AAAA", "=", "\n", " ", "\t", "[", "(?"])).map("".join) | st.text())  # fmt: skip
def test_any_line_of_known_hosts_can_be_read(text: str) -> None:
    with tempfile.NamedTemporaryFile("w", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        knownhosts.read("h", [Path(file.name)])
