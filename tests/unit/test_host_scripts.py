"""Scripts that run on hosts, as far as they need no real host: with a state directory of the test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lampctl.resources import Action, Change, OutgoingService, Package, Service, package, shell, unit
from lampctl.resources.kind import HostView
from lampctl.resources.service import SERVICES, AnyService


def swap(state: Path, keys: list[str], seeds: list[str]) -> int:
    """Swap in these files, each with the content `new`, with `state` as the batch's directory too. Returns the exit code."""
    keep, swap, own, disown = (
        shell.script(name).replace("/var/lib/lampctl", str(state)) for name in ("keep", "swap", "own", "disown")
    )
    (state / "paths.sh").write_text(shell.script("paths"))
    (state / "own.sh").write_text(own)
    (state / "enter.sh").write_text(
        'enter() { mkdir -p "$1" && cd "$1"; }'
    )  # the test's directories do not belong to root only
    (state / "disown.sh").write_text(disown)
    for name in ("deleted", "stopped", "diverts", "vacant", "fresh", "http.sh", "fastcgi.php", "forget.sh"):
        (state / name).touch()
    (state / "manifest").write_text("".join(f"{key}\n" for key in keys))
    (state / "seeds").write_text("".join(f"{key}\n" for key in seeds))
    (state / "undo.sh").touch()
    environment = {"PATH": os.environ["PATH"], "KEPT": str(state / "generations/9"), "PLAYBOOK": "lamp", "RUN": "x"}
    subprocess.run(["sh", "-eu", "-c", keep], cwd=state, env=environment, check=True)
    return subprocess.run(["sh", "-eu", "-c", swap], cwd=state, env=environment, check=False).returncode


def place(state: Path, path: Path) -> None:
    new = state / f"new{path}"
    new.parent.mkdir(parents=True, exist_ok=True)
    new.write_text("new")


def test_seed_is_recorded_only_after_it_was_written(state: Path) -> None:
    """Recorded but missing means that the owner deleted it. An interrupted run must not look like that."""
    conf, index, broken = state / "etc/conf", state / "www/index.php", state / "broken"
    place(state, conf)
    keys = [f"file:{conf}", f"file:{broken}", f"file:{index}"]
    assert swap(state, keys, [f"file:{index}"]) != 0  # `broken` has no new file
    assert conf.read_text() == "new"
    assert not index.exists()
    assert set((state / "owned/lamp").read_text().splitlines()) == set(keys[:2])
    (state / "undo.sh").touch()
    place(state, broken)
    place(state, index)
    assert swap(state, keys, [f"file:{index}"]) == 0
    assert index.read_text() == "new"
    assert f"file:{index}" in (state / "owned/lamp").read_text()


ENTERED = {  # the path to enter → the error, or the directory that was entered
    "safe": "BASE/safe",
    "link": "BASE/safe",
    "up": "BASE/safe",
    "there/../safe/": "BASE/safe",
    "theirs": "BASE/theirs can be changed by users other than root (owner nobody:root, mode 755)",
    "theirs/etc": "BASE/theirs can be changed by users other than root (owner nobody:root, mode 755)",
    "open": "BASE/open can be changed by users other than root (owner root:root, mode 775)",
    "stranger": "BASE/stranger is a link that belongs to nobody",
    "through/safe": "BASE/theirs can be changed by users other than root (owner nobody:root, mode 755)",
    "itself": "BASE/itself is a link that belongs to root",
    "nowhere/at/all": "BASE/nowhere/at/all does not exist",
}


@pytest.fixture(scope="module")
def roots() -> Iterator[Path]:
    """A directory that only root can write, unlike /tmp, with links and directories of other users in it."""
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
def test_root_enters_a_directory_only_through_directories_of_its_own(roots: Path, path: str) -> None:
    script = shell.script("enter") + 'if enter "$1"; then pwd -P; else echo "$why"; fi'
    done = subprocess.run(["sh", "-euc", script, "-", f"{roots}/{path}"], capture_output=True, text=True, check=True)
    assert done.stdout.strip().replace(str(roots), "BASE") == ENTERED[path]


def settle(state: Path, generation: str, verdict: str) -> str:
    text = shell.script("settle", generation=generation, which=generation, verdict=verdict, id="", most=5)
    text = text.replace("/var/lib/lampctl", str(state))
    return subprocess.run(["sh", "-c", text], cwd=state, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def state(tmp_path: Path) -> Path:
    for number in range(1, 9):
        kept = tmp_path / f"generations/{number}"
        kept.mkdir(parents=True)
        (kept / "undo.sh").write_text("echo undoing\n")
    (tmp_path / "generation").write_text("8\n")
    (tmp_path / "passed").write_text("")
    return tmp_path


def test_newest_generation_is_undone(state: Path) -> None:
    assert settle(state, "8", "undone").splitlines() == ["| undoing", "@@undone 0"]


def test_generation_is_not_undone_below_a_newer_one(state: Path) -> None:
    """Another run has deployed between the check and its verdict: its files would be mixed with older ones."""
    assert settle(state, "7", "undone").splitlines() == ["@@overtaken"]


def test_only_the_newest_generation_is_marked_as_proved_and_no_more_than_the_most_are_kept(state: Path) -> None:
    settle(state, "7", "proved")
    assert not (state / "proved").exists()
    settle(state, "8", "proved")
    assert (state / "proved").read_text() == "8\n"
    assert sorted(path.name for path in (state / "generations").iterdir()) == ["4", "5", "6", "7", "8"]


def with_stubs(path: Path, scripts: dict[str, str]) -> dict[str, str]:
    """Write these programs; returns an environment in which they are found first."""
    for name, script in scripts.items():
        (path / name).write_text(f"#!/bin/sh\n{script}\n")
        (path / name).chmod(0o755)
    return {"PATH": f"{path}:{os.environ['PATH']}"}


def probe_units(path: Path, services: list[AnyService], shown: str) -> list[unit.UnitState]:
    """Probe these services with a given output of `systemctl show`; their log lines are stubbed."""
    stubs = {"systemctl": f"printf '{shown}'", "journalctl": 'printf "%s\\tended\\n" "$3"'}
    argv = ["sh", "-c", SERVICES.probe(services)]
    done = subprocess.run(argv, env=with_stubs(path, stubs), capture_output=True, text=True, check=True)
    units = SERVICES.parse(done.stdout)
    return [units[item.key] for item in services]


def test_newest_change_below_each_path_that_a_unit_reads_is_found(tmp_path: Path) -> None:
    """Also if two units read the same path, one path is inside another, or a path is missing."""
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
    web, php, none = probe_units(tmp_path, services, r"Id=web.service\n\nId=php.service\n\nId=none.service\n")
    assert (web.changed_path, web.sockets, web.unit_changed) == (
        str(conf / "a name"),
        ("/nonexistent does not exist",),
        0,
    )
    assert (php.changed_path, php.sockets) == (str(pool / "www.conf"), ())
    assert (php.changed, php.unit_changed) == pytest.approx(
        [p.stat().st_ctime for p in (pool / "www.conf", conf / "old")]
    )
    assert (none.changed, none.changed_path) == (0, "")


@pytest.mark.parametrize(
    ("mode", "fault"),
    [(0o600, ()), (0o000, ("{path}: 0 {owner} -> 600 {owner}",))],
)
def test_socket_with_other_rights_is_found(tmp_path: Path, mode: int, fault: tuple[str, ...]) -> None:
    path = tmp_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    path.chmod(mode)
    owner = f"{path.owner()}:{path.group()}"
    services: list[AnyService] = [Service("a.socket", "php", sockets=(str(path),), rights=f"600 {owner}")]
    [found] = probe_units(tmp_path, services, r"Id=a.socket\n")
    assert found.sockets == tuple(text.format(path=path, owner=owner) for text in fault)


@pytest.mark.parametrize(("result", "stale"), [("success", False), ("exit-code", True)])
def test_reload_that_failed_loaded_nothing(tmp_path: Path, result: str, stale: bool) -> None:
    path = tmp_path / "conf"
    path.write_text("")
    now = path.stat().st_ctime
    started, later = (
        datetime.fromtimestamp(now + seconds, UTC).strftime("%a %Y-%m-%d %H:%M:%S.%f UTC") for seconds in (-60, 60)
    )
    shown = (
        rf"Id=a.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\nReloadResult={result}\n"
        rf"StateChangeTimestamp={later}\nExecMainStartTimestamp={started}\n"
    )
    [found] = probe_units(tmp_path, [Service("a.service", "web", watch=(str(path),))], shown)
    assert (found.fault(Action.RELOAD) is unit.Fault.STALE) is stale


def test_log_lines_are_read_only_of_units_that_should_run_and_do_not(tmp_path: Path) -> None:
    """Not of a unit that runs, does not exist, or is to be stopped."""
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
    assert [found.log for found in probe_units(tmp_path, services, shown)] == ["", "failed.service ended", "", ""]


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
