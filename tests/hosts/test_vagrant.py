"""Real Vagrant: the project's own Vagrantfile, with the lxc provider and boxes that are built here."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import HOME, RunResult

pytestmark = pytest.mark.hosts

VAGRANT = Path(__file__).parents[2] / "vagrant"
NETWORK = "10.213.79"  # neither that of lampctl's own boxes nor lxc-net's
ADDRESSES = {"debian13": f"{NETWORK}.13", "debian12": f"{NETWORK}.12"}
BRIDGE = "lxcbr0"
MACHINES = ".vagrant/machines/*/lxc/id"  # of machines that exist
MASQUERADE = f"""
table ip lampctl_vagrant {{
  chain out {{
    type nat hook postrouting priority 100
    ip saddr {NETWORK}.0/24 oifname != "{BRIDGE}" masquerade
  }}
}}
"""


@dataclass(frozen=True)
class Project:
    """A folder with a Vagrantfile, and a temporary home for Vagrant's own files."""

    folder: Path
    home: Path

    def vagrant(self, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
        return self._run(["vagrant", *args], self.folder, more)

    def lampctl(self, *args: str, folder: Path | None = None, **more: str) -> RunResult:
        done = self._run([str(_LAMPCTL), *args, "-p", "static", "--format", "json"], folder or self.folder, more)
        return RunResult(done.returncode, done.stdout, done.stderr)

    def vagrant_ok(self, *args: str) -> None:
        """Run a vagrant command that has to succeed; if it fails, all that it wrote is shown."""
        done = self.vagrant(*args)
        assert done.returncode == 0, done.stdout + done.stderr

    def error(self, *args: str, folder: Path | None = None, **more: str) -> tuple[int, str]:
        """Run a command that fails early; returns its exit code and the kind of error."""
        ran = self.lampctl(*args, folder=folder, **more)
        return ran.code, json.loads(ran.out)["error"]["kind"]

    def _run(self, argv: list[str], folder: Path, more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "VAGRANT_HOME": str(self.home),
            "VAGRANT_DEFAULT_PROVIDER": "lxc",
            "LAMPCTL": str(_LAMPCTL),
            "LAMPCTL_PLAYBOOK": "static",
            "LAMPCTL_LXC_NETWORK": NETWORK,
            "VAGRANT_CHECKPOINT_DISABLE": "1",  # no update check
            **more,
        }
        return subprocess.run(
            argv, cwd=folder, env=environment, capture_output=True, text=True, timeout=400, check=False
        )


_LAMPCTL = Path(sys.executable).parent / "lampctl"


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    """The bridge that Debian's lxc uses, if lxc-net has not created it; one test at a time on this machine."""
    with Path("/run/lampctl-vagrant.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = not Path(f"/sys/class/net/{BRIDGE}").exists()
        if made:
            subprocess.run(["ip", "link", "add", BRIDGE, "type", "bridge"], check=True)
        subprocess.run(["ip", "address", "replace", f"{NETWORK}.1/24", "dev", BRIDGE], check=True)
        subprocess.run(["ip", "link", "set", BRIDGE, "up"], check=True)
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        subprocess.run(["nft", "-f", "-"], input=MASQUERADE, text=True, check=True)
        yield
        subprocess.run(["nft", "delete", "table", "ip", "lampctl_vagrant"], check=True)
        undo = ["link", "delete", BRIDGE] if made else ["address", "delete", f"{NETWORK}.1/24", "dev", BRIDGE]
        subprocess.run(["ip", *undo], check=True)


@pytest.fixture(scope="module")
def project(boxes: Boxes, network: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:  # noqa: ARG001
    folder = tmp_path_factory.mktemp("project")
    shutil.copy(VAGRANT / "Vagrantfile", folder)
    found = Project(folder, HOME / "vagrant")
    yield found
    if list(folder.glob(MACHINES)):
        found.vagrant("destroy", "-f")
    shutil.rmtree(found.home, ignore_errors=True)


@pytest.fixture(scope="module")
def up(project: Project, boxes: Boxes) -> subprocess.CompletedProcess[str]:
    """`vagrant up` of two machines at the same time, from boxes that are built from lampctl's own bases."""
    for number, release in ((13, "trixie"), (12, "bookworm")):
        box = _box(boxes, release)
        project.vagrant_ok("box", "add", "--name", f"lampctl/debian-{number}", str(box))
    return project.vagrant("up", "debian13", "debian12")


def _box(boxes: Boxes, release: str) -> Path:
    """Build a box, cached like its base until the recipe changes; it is complete or missing."""
    box, recipe = boxes.cache / f"{release}.box", VAGRANT / "lxc-box.sh"
    if not box.exists() or box.stat().st_mtime < recipe.stat().st_mtime:
        half = box.with_suffix(".new")
        subprocess.run([str(recipe), str(boxes.base(release)), str(half)], check=True, capture_output=True, text=True)
        half.rename(box)
    return box


def test_missing_vagrant_is_reported(project: Project) -> None:
    code, kind = project.error("check", "--vagrant", PATH="/nonexistent")
    assert (code, kind) == (2, "vagrant-missing")


@pytest.mark.parametrize(
    ("words", "provider", "expected"),
    [
        (["debian13"], "lxc", (3, "vagrant-not-created")),
        (["nosuch"], "lxc", (2, "vagrant-unknown-machine")),
        (["debian13"], "libvirt", (2, "vagrant-provider")),
    ],
)
def test_errors_before_any_machine_is_up(
    project: Project, words: list[str], provider: str, expected: tuple[int, str]
) -> None:
    assert project.error("check", "--vagrant", *words, VAGRANT_DEFAULT_PROVIDER=provider) == expected


def test_missing_or_broken_vagrantfile_is_reported(project: Project, tmp_path: Path) -> None:
    assert project.error("plan", "--vagrant", folder=tmp_path) == (2, "vagrant-no-file")
    (tmp_path / "Vagrantfile").write_text("Vagrant.configure(")
    ran = project.lampctl("plan", "--vagrant", folder=tmp_path)
    error = json.loads(ran.out)["error"]
    assert (ran.code, error["kind"]) == (2, "vagrant"), ran
    assert "Vagrantfile:1" in error["evidence"]


def test_up_ends_with_proved_sites(project: Project, up: subprocess.CompletedProcess[str]) -> None:
    assert up.returncode == 0, up.stdout + up.stderr
    for name, address in ADDRESSES.items():
        assert re.search(rf"{name}: \d\d changed, (\d+) of \1 checks pass", up.stdout), up.stdout
        with urllib.request.urlopen(f"http://{address}/", timeout=5) as answer:
            assert answer.status == 200
    below = project.folder / "deep" / "down"
    below.mkdir(parents=True)
    ran = project.lampctl("deploy", "--vagrant", folder=below)
    hosts = json.loads(ran.out)["hosts"]
    assert [(host["host"], host["ok"], host["changes"]) for host in hosts] == [(name, True, []) for name in ADDRESSES]
    assert max(host["round_trips"] for host in hosts) <= 3
    assert (
        not (Path.home() / ".ssh/known_hosts").exists()
        or NETWORK not in Path("~/.ssh/known_hosts").expanduser().read_text()
    )


def test_provision_converges_again(project: Project, up: subprocess.CompletedProcess[str]) -> None:  # noqa: ARG001
    project.vagrant_ok("ssh", "debian13", "-c", "sudo systemctl stop nginx")
    assert project.lampctl("check", "--vagrant", "debian13").code == 1
    again = project.vagrant("provision", "debian13")
    assert again.returncode == 0, again.stdout + again.stderr
    assert re.search(r"debian13: 1 changed, (\d+) of \1 checks pass", again.stdout), again.stdout
    failed = project.vagrant("provision", "debian13", LAMPCTL_PLAYBOOK="nosuch")
    assert failed.returncode != 0
    assert "not found" in failed.stderr


def test_halted_machine_is_skipped_unless_named(project: Project, up: subprocess.CompletedProcess[str]) -> None:  # noqa: ARG001
    project.vagrant_ok("halt", "debian12")
    assert project.error("deploy", "--vagrant", "debian12") == (3, "vagrant-halted")
    ran = project.lampctl("check", "--vagrant")
    assert (ran.code, ran.host["host"]) == (0, "debian13"), ran


def _listed() -> set[str]:
    return set(subprocess.run(["lxc-ls", "-1"], capture_output=True, text=True, check=True).stdout.split())


def test_destroy_leaves_no_files(project: Project, up: subprocess.CompletedProcess[str]) -> None:  # noqa: ARG001
    # `destroy` of a running machine halts it twice at once: vagrant-lxc's own race, rarely lost
    project.vagrant_ok("halt")
    ids = {path.read_text() for path in project.folder.glob(MACHINES)}
    deadline = time.monotonic() + 20
    while not ids <= _listed():  # what lxc-ls does not list for a moment counts as not created
        assert time.monotonic() < deadline, f"{ids}, but {_listed()}"
    done = project.vagrant("destroy", "-f")
    left = [path for path in Path("/var/lib/lxc").iterdir() if path.name.startswith(project.folder.name)]
    assert (done.returncode, left) == (0, []), done.stdout + done.stderr
    assert list(project.folder.glob(MACHINES)) == []
    assert Path(f"/sys/class/net/{BRIDGE}/brif").exists()
    assert list(Path(f"/sys/class/net/{BRIDGE}/brif").iterdir()) == []
