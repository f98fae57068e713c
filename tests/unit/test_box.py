"""What `lampctl box` says and does before there is a box."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lampctl.box import Boxes, image
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
def test_hint_without_root_is_a_command_that_sudo_finds(
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


def test_base_is_built_once_for_parallel_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    def build(cache: Path, release: str) -> Path:
        built.append(release)
        lock = f":{(cache / 'trixie.lock').stat().st_ino} "
        while not any("->" in line and lock in line for line in Path("/proc/locks").read_text().splitlines()):
            time.sleep(0.01)  # until the other one waits
        half = cache / "trixie.new"
        half.mkdir()
        return half

    monkeypatch.setattr(image, "_build", build)
    with ThreadPoolExecutor(2) as both:
        wanted = [both.submit(image.base, tmp_path, "trixie", lambda _: None) for _ in range(2)]
        assert [found.result() for found in wanted] == [tmp_path / "trixie"] * 2
    assert built == ["trixie"]
    assert image.base(tmp_path, "trixie", lambda _: None).is_dir()


@pytest.mark.parametrize("release", image.RELEASES)
def test_only_unstable_accepts_an_index_that_has_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    """Else whoever is between a box and the archive could withhold security updates."""
    ran: list[tuple[str, ...]] = []

    def run(*argv: str) -> None:
        ran.append(argv)
        if argv[0] == "mmdebstrap":
            (tmp_path / f"{release}.tar").touch()
        else:
            (tmp_path / f"{release}.new/etc/systemd/system").mkdir(parents=True)

    monkeypatch.setattr(image, "run", run)
    image.base(tmp_path, release, lambda _: None)
    assert any("Check-Valid-Until" in word for word in ran[0]) == (release == "sid")
    assert not any(word in " ".join(ran[0]) for word in ("trusted=yes", "allow-insecure", "AllowUnauthenticated"))
