"""What `lampctl box` says and does before there is a box."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lampctl.box import Boxes
from lampctl.cli.app import app
from lampctl.errors import LampctlError


def test_options_of_a_command_for_the_box_are_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(Boxes, "ssh_argv", lambda _, *words: ["ssh", *words])
    monkeypatch.setattr(os, "execvp", lambda _, argv: ran.append(argv))
    done = CliRunner().invoke(app, ["box", "ssh", "web1", "ls", "-la", "--debug", "/var/www"])
    assert done.exit_code == 0, done.output
    assert ran == [["ssh", "web1", "ls", "-la", "--debug", "/var/www"]]


@pytest.mark.parametrize("work", [lambda boxes: boxes.up("web1"), lambda boxes: boxes.down("web1")])
def test_who_is_not_root_is_told_a_command_that_sudo_finds(
    work: Callable[[Boxes], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pipx puts lampctl where sudo does not look."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["/home/joe/.local/bin/lampctl", "box"])
    with pytest.raises(LampctlError) as caught:
        work(Boxes(tmp_path / "home"))
    assert caught.value.kind == "box-unavailable"
    assert "sudo /home/joe/.local/bin/lampctl box" in caught.value.hint
    assert not (tmp_path / "home").exists()
