"""Connections through a jump host and to this machine, and boxes from boot to removal."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import Host

pytestmark = pytest.mark.hosts


def test_deploy_through_a_jump_host(host: Host, bare: Host, tmp_path: Path) -> None:
    config = tmp_path / "config"
    known = tmp_path / "known"
    keys = (host.boxes.home / "known_hosts").read_text().splitlines()
    named = next(line for line in keys if line.startswith(host.box.address)).replace(host.box.address, "inner")
    known.write_text("\n".join([*keys, named]))
    common = f" User root\n IdentityFile {host.boxes.home}/id_ed25519\n UserKnownHostsFile {known}\n"
    config.write_text(
        f"Host gate\n HostName {bare.box.address}\n{common}"
        f"Host inner\n HostName {host.box.address}\n HostKeyAlias inner\n ProxyJump gate\n{common}"
    )
    ran = host.lampctl("deploy", "inner", "-F", str(config), config=False)
    assert (ran.code, ran.changes) == (0, {}), ran.out
    assert ran.results["mysql.login@lamp.test"] == "pass"
    assert ran.results["site.outside@lamp.test"] == "unknown"
    assert ran.host["round_trips"] <= 4


def test_plan_of_this_machine_uses_no_ssh(host: Host, tmp_path: Path) -> None:
    """Only a plan of an empty playbook, so nothing on this machine can conflict."""
    (tmp_path / "nothing.yml").write_text("linux: {}\n")
    ran = host.lampctl("plan", "local", "-p", "nothing.yml", cwd=tmp_path, config=False)
    assert (ran.code, ran.changes) == (0, {}), ran.out
    assert ran.host["round_trips"] == 1
    assert ran.host["platform"] == "{ID}-{VERSION_ID}".format(**platform.freedesktop_os_release())


def test_box_from_boot_to_removal(boxes: Boxes) -> None:
    box = boxes.up("brief")
    host = Host(box, boxes)
    assert boxes.up("brief") == box
    host.sh("echo kept > /root/kept")
    assert json.loads(host.lampctl("box", "list", config=False).out)["boxes"][-1]["name"]
    boxes.snapshot("brief", "written")
    assert boxes.get("brief") is None
    again = Host(boxes.up("brief", snapshot="written"), boxes)
    assert again.sh("cat /root/kept; systemctl is-system-running").split() == ["kept", "running"]
    boxes.down("brief")
    assert not box.directory.exists()
    assert str(box.directory) not in Path("/proc/mounts").read_text()


def test_box_that_ignores_shutdown_is_killed(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    box = boxes.up("stubborn")
    Host(box, boxes).sh(
        "systemd-run -q --unit=deaf -p TimeoutStopSec=infinity sh -c 'trap \"\" TERM; while :; do sleep 9; done'"
    )
    nspawn = (box.directory / "pid").read_text().split()[0]
    init = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().strip()
    monkeypatch.setattr("lampctl.box.power.STOP_TIMEOUT", 2.0)
    boxes.snapshot("stubborn", "deaf")
    assert not Path(f"/proc/{init}").exists()
    assert not Path(f"/proc/{nspawn}").exists()


def test_address_of_an_existing_interface_is_not_reused(boxes: Boxes) -> None:
    first = boxes.up("first")
    boxes.down("first")
    link = f"vb-lc{first.address.rsplit('.', 1)[1]}"
    subprocess.run(["ip", "link", "add", link, "type", "bridge"], check=True)
    try:
        assert boxes.up("second").address != first.address
    finally:
        subprocess.run(["ip", "link", "delete", link], check=True)
        boxes.down("second")
