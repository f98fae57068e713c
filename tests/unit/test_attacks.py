"""No script has root change what lies below a directory of a site's by its path: such paths are entered (`enter`), or are the
site's user's to change (`within`, `as`); lampctl/host/enter.sh."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl import plan as planning
from lampctl.engine.library import Files
from lampctl.engine.script import steps_of
from lampctl.facts import Facts
from lampctl.layers import Context, desired
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.render import Renderer

CHANGES = re.compile(
    r"\b(cp|mv|ln|chown|chgrp|chmod|setfacl|mkdir|rmdir|touch|install|rm|tar|sync)\b|-delete\b|-exec\b"
)
TENANT = re.compile(r"/var/www/[^/\s']+/|/var/lib/php/lampctl/[^/\s']+/|/var/lib/site-")
SCRIPTS = sorted((Path(__file__).parents[2] / "lampctl/host").glob("*.sh"))


def faults(script: str) -> Iterator[str]:
    """Lines by which root changes something below a site's directory."""
    for line in script.splitlines():
        words = line.split("#")[0].strip()
        if TENANT.search(words) and CHANGES.search(words) and not words.startswith(("enter ", "within ", "as ")):
            yield line


@pytest.mark.parametrize("playbook", list(Files().builtin()))
def test_steps_of_every_playbook(playbook: str) -> None:
    files = Files()
    loaded, facts = load(playbook, (), files), Facts("debian-13", memory=4 << 30)
    found = desired(Context.of(loaded, PLATFORMS["debian-13"], facts))
    renderer = Renderer(files.template, playbook)
    contents = {file.key: renderer.text(file) for file in found.files}
    plan = planning.make(playbook, found, Observation(Facts("debian-13")), contents, wait=1)
    steps = [step for stage in plan.stages for step in steps_of(stage)]
    assert len(steps) > 3
    assert [(step.name, line) for step in steps for line in faults(step.script)] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_host_scripts_change_by_name_in_a_directory_they_entered(path: Path) -> None:
    """What comes from a list (`$path`, `$root`, `$dir`) is nothing to change by: only `./$name`, after `enter`."""
    listed = re.compile(r'"\$\{?(path|root|dir)\b[^"]*"')
    wrong = [
        line
        for line in path.read_text().splitlines()
        if CHANGES.search(line) and any(CHANGES.search(part) and listed.search(part) for part in re.split(r"&&|\|\||;", line))
        and "dpkg-divert" not in line and "rmdir" not in line and "within " not in line
    ]  # fmt: skip
    assert wrong == []


def test_it_would_find_something() -> None:
    assert list(faults("chown -R a: /var/www/b.test/current/x"))
    assert not list(faults("enter /var/www/b.test/releases make"))
