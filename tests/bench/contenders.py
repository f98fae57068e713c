"""The compared commands, ready to be timed on a box."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lampctl.box import Boxes
from lampctl.errors import LampctlError
from tests.bench import stack
from tests.bench.measure import Contender


@dataclass(frozen=True)
class Arena:
    """A bare box that is up, and the programs that run on it."""

    boxes: Boxes
    box: str
    lampctl: str
    pyinfra: str

    def contenders(self, say: Callable[[str], None]) -> Sequence[Contender]:
        """Run both tools until neither has anything left to change, by their own reports."""
        say("deploying with lampctl")
        first = json.loads(self._deploy().run())["hosts"][0]
        pyinfra = self._pyinfra(self._resources([change["resource"] for change in first["changes"]]))
        say("letting pyinfra converge")
        pyinfra.run()
        for contender in (pyinfra, self._deploy()):
            contender.verdict(contender.run())
        python = Contender("python -c pass", [sys.executable, "-c", "pass"])
        return self._ssh(), self._deploy(), pyinfra, python, Contender("lampctl --help", [self.lampctl, "--help"])

    def _ssh(self) -> Contender:
        """A new connection each time, even if the user's ssh_config shares connections."""
        program, *rest = self.boxes.ssh_argv(self.box, "true")
        return Contender("ssh HOST true", [program, "-o", "ControlMaster=no", "-o", "ControlPath=none", *rest])

    def _deploy(self) -> Contender:
        argv = [self.lampctl, "deploy", self.box, "--ssh-config", str(self.boxes.ssh_config), "--format", "json"]
        return Contender("lampctl deploy", argv, _proved)

    def _pyinfra(self, resources: Path) -> Contender:
        """With --yes it reads the host once instead of twice, with --json it draws no progress: its fastest mode."""
        data = {
            "ssh_config_file": self.boxes.ssh_config,
            "ssh_strict_host_key_checking": "yes",
            "resources": resources,
        }
        options = [word for name, value in data.items() for word in ("--data", f"{name}={value}")]
        deploy = str(Path(__file__).with_name("pyinfra_stack.py"))
        return Contender("pyinfra", [self.pyinfra, "--yes", "--json", *options, f"@ssh/{self.box}", deploy], _unchanged)

    def _resources(self, keys: Sequence[str]) -> Path:
        """Write the resources of the first deploy to a file for pyinfra."""
        names = [path.strip("/") for path in stack.paths(keys)]
        argv = self.boxes.ssh_argv(self.box, "tar", "-C", "/", "-c", "--no-recursion", *names)
        archive = subprocess.run(argv, capture_output=True, check=True, timeout=60).stdout
        keep = self.boxes.home / "rendered"
        keep.mkdir()
        listed = self.boxes.home / "resources.json"
        listed.write_text(json.dumps(stack.resources(keys, archive, keep), indent=2))
        return listed


def _proved(output: str) -> str:
    """lampctl's own report: nothing changed, and every check passes."""
    host = json.loads(output)["hosts"][0]
    passed, total = sum(result["status"] == "pass" for result in host["results"]), len(host["results"])
    if host["changes"] or not total or passed < total:
        changes = json.dumps(host["changes"], indent=2) if host["changes"] else output[-2000:]
        raise LampctlError("lampctl had something to do, or a check did not pass", evidence=changes)
    return f"nothing to change, {passed} of {total} checks pass, {host['round_trips']} round trips"


def _unchanged(output: str) -> str:
    """pyinfra's own report: no operation changed anything."""
    totals = json.loads(output)["results"]["totals"]
    if totals["success"] or totals["error"] or not totals["no_change"]:
        raise LampctlError("pyinfra had something to do", evidence=output[-2000:])
    return f"no changes, {totals['no_change']} operations"
