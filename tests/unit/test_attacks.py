"""No script has root change what lies below a directory of a site's by its path: such paths are entered (`enter`), or are the
site's user's to change (`within`, `as`); lampctl/host/enter.sh."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl import planning
from lampctl.engine.library import Files
from lampctl.engine.script import steps_of
from lampctl.facts import Facts
from lampctl.layers import Context, desired
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer

CHANGES = re.compile(
    r"\b(cp|mv|ln|chown|chgrp|chmod|setfacl|mkdir|rmdir|touch|install|rm|tar|sync)\b|-delete\b|-exec\b"
)
TENANT = re.compile(r"/var/www/[^/\s']+/|/var/lib/php/lampctl/[^/\s']+/|/var/lib/site-")
HOST = Path(__file__).parents[2] / "lampctl/host"
SCRIPTS = {str(path.relative_to(HOST)): path for path in sorted(HOST.rglob("*.sh"))}
# Variables by which scripts change something as root, or with $1 as the user to whom it belongs. None of them names a place
# below a site's directory: each is in the batch's own directory, in a directory of root's, or the site's directory itself.
PLACES = {
    "acme/ask.sh": {"LOG", "CHALLENGES", "token"},
    "certificate/make.sh": {"DIRECTORY", "by"},
    "check.sh": {"1", "2", "3"},  # in a script that `within` runs
    "database/logins.sh": {"options"},
    "directory/make.sh": {"reader", "owner", "mode"},  # of the working directory, which was entered
    "disown.sh": {"new", "list"},
    "http.sh": {"outputs"},
    "own.sh": {"new", "list"},
    "package/install.sh": {"PACKAGES"},
    "release/unpack.sh": {"batch", "ARCHIVE", "GROUP"},
    "repository/write.sh": {"2", "kept"},
    "run.sh": {"PWD", "state", "left"},
    "secret/copies.sh": {"3"},
    "secret/make.sh": {"FILE"},
    "secret/take.sh": {"FILE"},
    "service/gone.sh": {"UNIT"},
    "settle.sh": {"state", "old"},
    "swap.sh": {"KEPT", "batch", "path"},  # `rmdir` below /etc alone
    "user/alias.sh": {"OLD", "NEW"},  # in /var/lib
    "user/create.sh": {"NAME", "was", "path"},  # -RhP goes by descriptor, --from changes what the former user owns
    "user/drop.sh": {"OLD"},
    "user/edit.sh": {"1", "was"},
}


def expanded(script: str) -> Iterator[str]:
    """The lines of a script, with its parameters' values in place of their names."""
    values: dict[str, str] = {}
    for line in script.splitlines():
        if given := re.fullmatch(r"([A-Z][A-Z_]*)=(.*)", line):
            values[given[1]] = "".join(shlex.split(given[2])) if line.count("'") % 2 == 0 else given[2]
        yield re.sub(r"\$\{?([A-Z][A-Z_]*)[^}\"/ ]*\}?", lambda name: values.get(name[1], name[0]), line)


def faults(script: str) -> Iterator[str]:
    """Lines by which root changes something below a site's directory."""
    for line in expanded(script):
        words = line.split("#")[0].strip()
        if TENANT.search(words) and CHANGES.search(words) and not words.startswith(("enter ", "within ", "as ")):
            yield line


def changed_by(text: str) -> set[str]:
    """The variables in commands of a script that change something, except by `./NAME` in a directory that was entered."""
    found: set[str] = set()
    for line in text.splitlines():
        if "within " in line or line.strip().startswith("#"):
            continue
        for part in re.split(r"&&|\|\||;", line.split(" # ")[0]):
            elsewhere = re.sub(r'"?\./"?\$\w+[\w.-]*"?', "", part)
            found |= set(re.findall(r"\$\{?(?:\(\()?(\w+)", elsewhere)) if CHANGES.search(elsewhere) else set()
    return found


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


@pytest.mark.parametrize("name", SCRIPTS)
def test_host_scripts_change_by_name_in_a_directory_they_entered(name: str) -> None:
    assert changed_by(SCRIPTS[name].read_text()) == PLACES.get(name, set())


def test_scanner_finds_a_planted_fault() -> None:
    assert list(faults("chown -R a: /var/www/b.test/current/x"))
    assert list(faults("""FOLDER=/var/www/b.test/current\nchown -R a: "${FOLDER%/*}/x\""""))
    assert list(faults("""FOLDER='/var/www/b.test/a b'\nrm -rf "$FOLDER"/x"""))
    assert not list(faults("enter /var/www/b.test/releases make"))
    assert changed_by('[ -e x ] || chown a: "$dir/x"; rm "./$name"') == {"dir"}
