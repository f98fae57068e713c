"""`lampctl box` without a real box: arguments, hints, and how base images are built."""

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


def test_options_after_the_box_name_are_passed_to_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(Boxes, "ssh_argv", lambda _, *words: ["ssh", *words])
    monkeypatch.setattr(os, "execvp", lambda _, argv: ran.append(argv))
    done = CliRunner().invoke(app, ["box", "ssh", "web1", "ls", "-la", "--debug", "/var/www"])
    assert done.exit_code == 0, done.output
    assert ran == [["ssh", "web1", "ls", "-la", "--debug", "/var/www"]]


@pytest.mark.parametrize("work", [lambda boxes: boxes.up("web1"), lambda boxes: boxes.down("web1")])
def test_hint_without_root_names_lampctl_by_its_full_path(
    work: Callable[[Boxes], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pipx installs lampctl outside of sudo's secure_path."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["/home/joe/.local/bin/lampctl", "box"])
    with pytest.raises(LampctlError) as caught:
        work(Boxes(tmp_path / "home"))
    assert caught.value.kind == "box-unavailable"
    assert "sudo /home/joe/.local/bin/lampctl box" in caught.value.hint
    assert not (tmp_path / "home").exists()


def make_output(argv: Sequence[str], cache: Path, release: str) -> None:
    """Create the files that mmdebstrap or tar would have created."""
    if argv[0] == "mmdebstrap":
        (cache / f"{release}.tar").touch()
    else:
        (cache / f"{release}.new/etc/systemd/system").mkdir(parents=True)


def test_base_image_is_built_once_for_parallel_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []

    def run(*argv: str) -> None:
        if argv[0] == "mmdebstrap":
            built.append("trixie")
            lock = f":{(tmp_path / 'trixie.lock').stat().st_ino} "
            while not any("->" in line and lock in line for line in Path("/proc/locks").read_text().splitlines()):
                time.sleep(0.01)  # until the other caller waits for the lock
        make_output(argv, tmp_path, "trixie")

    monkeypatch.setattr(image, "run", run)
    with ThreadPoolExecutor(2) as both:
        wanted = [both.submit(image.base, tmp_path, "trixie", lambda _: None) for _ in range(2)]
        assert [found.result() for found in wanted] == [tmp_path / "trixie"] * 2
    assert built == ["trixie"]
    assert image.base(tmp_path, "trixie", lambda _: None).is_dir()


@pytest.mark.parametrize("release", image.RELEASES)
def test_only_sid_accepts_an_expired_package_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    """Otherwise anyone between a box and the archive could withhold security updates."""
    ran: list[tuple[str, ...]] = []

    def run(*argv: str) -> None:
        ran.append(argv)
        make_output(argv, tmp_path, release)

    monkeypatch.setattr(image, "run", run)
    image.base(tmp_path, release, lambda _: None)
    assert any("Check-Valid-Until" in word for word in ran[0]) == (release == "sid")
    assert not any(word in " ".join(ran[0]) for word in ("trusted=yes", "allow-insecure", "AllowUnauthenticated"))
