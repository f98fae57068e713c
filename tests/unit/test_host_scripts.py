"""The scripts that run on a host, where a real host is not needed: with a state directory of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.resources import Action, Change, OutgoingService, Package, Service, package, shell, unit
from lampctl.resources.kind import HostView
from lampctl.resources.service import SERVICES, AnyService


def swap(state: Path, keys: list[str], seeds: list[str]) -> int:
    """Hands over these files, each with `new` in it; the batch's directory is `state` too. Returns the exit code."""
    swap, own, disown = (
        shell.script(name).replace("/var/lib/lampctl", str(state)) for name in ("swap", "own", "disown")
    )
    (state / "own.sh").write_text(own)
    (state / "enter.sh").write_text(
        'enter() { mkdir -p "$1" && cd "$1"; }'
    )  # the test's directories are not root's alone
    (state / "disown.sh").write_text(disown)
    for name in ("deleted", "stopped", "diverts"):
        (state / name).touch()
    (state / "manifest").write_text("".join(f"{key}\n" for key in keys))
    (state / "seeds").write_text("".join(f"{key}\n" for key in seeds))
    (state / "undo.sh").touch()
    environment = {"PATH": os.environ["PATH"], "KEPT": str(state / "generations/9"), "PLAYBOOK": "lamp"}
    return subprocess.run(["sh", "-eu", "-c", swap], cwd=state, env=environment, check=False).returncode


def place(state: Path, path: Path) -> None:
    new = state / f"new{path}"
    new.parent.mkdir(parents=True, exist_ok=True)
    new.write_text("new")


def test_seed_is_on_the_list_only_once_it_is_there(state: Path) -> None:
    """On the list and not there means that its owner took it away. A run that dies must not look like that."""
    conf, index, broken = state / "etc/conf", state / "www/index.php", state / "broken"
    place(state, conf)
    keys = [f"file:{conf}", f"file:{broken}", f"file:{index}"]
    assert swap(state, keys, [f"file:{index}"]) != 0  # there is no new file for `broken`
    assert conf.read_text() == "new"
    assert not index.exists()
    assert set((state / "owned/lamp").read_text().splitlines()) == set(keys[:2])
    (state / "undo.sh").touch()
    place(state, broken)
    place(state, index)
    assert swap(state, keys, [f"file:{index}"]) == 0
    assert index.read_text() == "new"
    assert f"file:{index}" in (state / "owned/lamp").read_text()


ENTERED = {  # what root is to enter → what it says, or the directory where it is then
    "safe": "BASE/safe",
    "link": "BASE/safe",
    "up": "BASE/safe",
    "there/../safe/": "BASE/safe",
    "theirs": "BASE/theirs can be changed by others than root (it belongs to nobody:root, mode 755)",
    "theirs/etc": "BASE/theirs can be changed by others than root (it belongs to nobody:root, mode 755)",
    "open": "BASE/open can be changed by others than root (it belongs to root:root, mode 775)",
    "stranger": "BASE/stranger is a link that belongs to nobody",
    "through/safe": "BASE/theirs can be changed by others than root (it belongs to nobody:root, mode 755)",
    "itself": "BASE/itself is a link that belongs to root",
    "nowhere/at/all": "BASE/nowhere/at/all does not exist",
}


@pytest.fixture(scope="module")
def roots() -> Iterator[Path]:
    """A directory that is root's alone, as /tmp is not, with links and directories of others in it."""
    if os.geteuid():
        pytest.skip("only root can give files to others")
    base = Path(tempfile.mkdtemp(prefix="lampctl-test.", dir="/run"))
    script = """
        mkdir safe there theirs open; ln -s safe link; ln -s ../safe there/up; ln -s there/up up; ln -s /etc theirs/etc
        chmod 755 . theirs; chown nobody theirs; chmod 775 open; ln -s /etc stranger; chown -h nobody stranger
        mkdir theirs/safe; ln -s theirs through; ln -s itself itself"""
    subprocess.run(["sh", "-euc", script], cwd=base, check=True)
    yield base
    shutil.rmtree(base)


@pytest.mark.parametrize("path", ENTERED)
def test_root_enters_by_its_own_directories_only(roots: Path, path: str) -> None:
    script = shell.script("enter") + 'if enter "$1"; then pwd -P; else echo "$why"; fi'
    done = subprocess.run(["sh", "-euc", script, "-", f"{roots}/{path}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip().replace(str(roots), "BASE") == ENTERED[path]


def settle(state: Path, generation: str, verdict: str) -> str:
    text = shell.script("settle", generation=generation, verdict=verdict).replace("/var/lib/lampctl", str(state))
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


def with_stubs(path: Path, scripts: dict[str, str]) -> dict[str, str]:
    """An environment in which these programs are found first."""
    for name, script in scripts.items():
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
    return {"PATH": f"{path}:{os.environ['PATH']}"}


def asked(path: Path, services: list[AnyService], shown: str) -> list[unit.UnitState]:
    """What `systemctl show` says of these services, with the last words of those that should run."""
    stubs = {"systemctl": f"printf '{shown}'", "journalctl": 'printf "%s\\tended\\n" "$3"'}
    argv = ["sh", "-c", SERVICES.probe(services)]
    done = subprocess.run(argv, env=with_stubs(path, stubs), capture_output=True, text=True, check=True)
    units = SERVICES.parse(done.stdout)
    return [units[item.key] for item in services]


def test_newest_change_below_each_path_that_a_unit_reads(tmp_path: Path) -> None:
    """Also where two units read the same, one path lies in another, and some are not there."""
    conf, pool = tmp_path / "etc", tmp_path / "etc/pool.d"
    pool.mkdir(parents=True)
    before = 0.0
    for path in (conf / "old", pool / "www.conf", conf / "a name"):
        path.write_text("")
        while path.stat().st_ctime <= before:  # the clock of a file system ticks
            path.write_text("")
        before = path.stat().st_ctime
    services: list[AnyService] = [
        Service("web.service", "web", watch=(str(conf), "/nonexistent"), sockets=("/nonexistent",)),
        Service("php.service", "php", watch=(str(pool),), units=(str(conf / "old"),)),
        Service("none.service", "php"),
    ]
    web, php, none = asked(tmp_path, services, r"Id=web.service\n\nId=php.service\n\nId=none.service\n")
    assert (web.changed_path, web.missing, web.unit_changed) == (str(conf / "a name"), ("/nonexistent",), 0)
    assert (php.changed_path, php.missing) == (str(pool / "www.conf"), ())
    assert (php.changed, php.unit_changed) == pytest.approx(
        [p.stat().st_ctime for p in (pool / "www.conf", conf / "old")]
    )
    assert (none.changed, none.changed_path) == (0, "")


def test_last_log_lines_of_a_unit_that_should_run(tmp_path: Path) -> None:
    """Not of one that runs, that is not there, or that makes room."""
    states = {
        "runs": "loaded active",
        "failed": "loaded failed",
        "absent": "not-found inactive",
        "rival": "loaded inactive",
    }
    shown = "\\n".join(
        rf"Id={name}.service\nLoadState={load}\nActiveState={active}\n"
        for name, (load, active) in ((name, words.split()) for name, words in states.items())
    )
    services: list[AnyService] = [Service(f"{name}.service", "web") for name in states if name != "rival"]
    services.append(OutgoingService("rival.service", "web", mark=""))
    assert [found.log for found in asked(tmp_path, services, shown)] == ["", "failed.service ended", "", ""]


@pytest.mark.parametrize(("hangs", "reads", "code"), [(0, 1, 0), (2, 3, 0), (9, 3, 69)])
def test_apt_that_hangs_is_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hangs: int, reads: int, code: int
) -> None:
    monkeypatch.setattr(package, "ARCHIVE_PATIENCE", 0.2)
    apt = f"""
for word; do :; done
[ "$word" = update ] || {{ echo "$word" > installed; exit 0; }}
echo >> reads
[ "$(wc -l < reads)" -gt {hangs} ] || exec sleep 60
"""
    stubs = {"apt-get": apt, "apt-cache": "printf 'nginx:\\n  Candidate: 1\\n'", "dpkg": ""}
    change = Change("package:nginx", "web", Action.INSTALL)
    [step] = package.steps([(Package("nginx", "web"), change)], HostView())
    environment = with_stubs(tmp_path, stubs)
    done = subprocess.run(
        ["sh", "-eu", "-c", step.script], cwd=tmp_path, env=environment, text=True, capture_output=True, check=False
    )
    assert (done.returncode, (tmp_path / "reads").read_text().count("\n")) == (code, reads), done.stdout
    assert (tmp_path / "installed").exists() is (code == 0)
    assert ("lampctl-reason: apt-archive" in done.stdout) is (code != 0)
