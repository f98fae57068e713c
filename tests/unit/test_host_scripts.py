"""The scripts that run on a host, where a real host is not needed: with a state directory of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lampctl.engine.library import host_script


def settle(state: Path, generation: str, verdict: str) -> str:
    script = host_script("settle").decode().replace("/var/lib/lampctl", str(state))
    text = f"GENERATION={generation} VERDICT={verdict}\n{script}"
    return subprocess.run(["sh", "-c", text], cwd=state, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for number in range(1, 9):
        kept = tmp_path / f"generations/{number}"
        kept.mkdir(parents=True)
        (kept / "undo.sh").write_text("echo undoing\n")
    (tmp_path / "generation").write_text("8\n")
    return tmp_path


def test_newest_generation_is_undone(state: Path) -> None:
    assert settle(state, "8", "undo").splitlines() == ["| undoing", "@@undone 0"]


def test_generation_is_not_undone_below_a_newer_one(state: Path) -> None:
    """Another run came between the check and its verdict: its files would be mixed with older ones."""
    assert settle(state, "7", "undo").splitlines() == ["@@overtaken"]


def test_proof_is_of_the_newest_generation_and_keeps_the_last_five(state: Path) -> None:
    settle(state, "7", "proved")
    assert not (state / "proved").exists()
    settle(state, "8", "proved")
    assert (state / "proved").read_text() == "8\n"
    assert sorted(path.name for path in (state / "generations").iterdir()) == ["4", "5", "6", "7", "8"]
