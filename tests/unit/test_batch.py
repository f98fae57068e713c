"""The command that is sent to any login shell, and answers that are cut off."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from lampctl.engine.observe import sections
from lampctl.errors import LampctlError
from lampctl.ssh.batch import command
from lampctl.ssh.channels import SshWire


@pytest.mark.parametrize(("has_password", "tried"), [(True, False), (True, True), (False, False)])
def test_login_command_has_no_line_break_and_no_backslash(has_password: bool, tried: bool) -> None:
    """csh allows no line breaks in quotes, and fish interprets backslashes in them."""
    text = command(10240, has_password, tried)
    assert not set(text) & set("\n\\")
    assert subprocess.run(["sh", "-n", "-c", text], check=False).returncode == 0


def lines(text: str) -> Iterator[str]:
    return iter(text.splitlines())


def test_answer_is_split_into_sections() -> None:
    found = sections(lines("noise\n@@b 000\none\n\n@@b 001\n@@b end\nlater"), "@@b", AssertionError)  # type: ignore[arg-type]
    assert list(found) == [("000", "one\n"), ("001", "")]


@pytest.mark.parametrize("cut", ["", "@@b 000", "@@b 000\none\n@@b 001\ntw"])
def test_truncated_answer_is_rejected(cut: str) -> None:
    """Otherwise what was cut off would seem to be missing on the host."""
    with pytest.raises(LampctlError, match="early"):
        list(sections(lines(cut), "@@b", lambda: LampctlError("ended early")))


class Taker:
    """A channel that takes everything."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def settimeout(self, seconds: float | None) -> None:
        pass

    def sendall(self, data: bytes) -> None:
        self.parts.append(data)


def test_large_upload_is_sent_in_parts() -> None:
    """paramiko copies the rest of what it is given for each packet: 70 MiB at once took 44 s of this machine's time."""
    channel, data = Taker(), bytes(range(256)) * 40_001
    SshWire("web1", channel, data)  # type: ignore[arg-type]
    assert b"".join(channel.parts) == data
    assert max(map(len, channel.parts)) <= 1 << 20
