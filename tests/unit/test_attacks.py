"""Scripts never change anything below a site's directory as root and by path: they enter the directory (`enter`), or act as
the site's user (`within`, `as`); see lampctl/host/enter.sh."""

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
# Variables in commands with which scripts change something as root, or give it to a user. None of them names a path below a
# site's directory: each is in the batch's own directory, in a directory of root's, or is the site's directory itself.
PLACES = {
    "acme/ask.sh": {"LOG", "CHALLENGES", "token"},
    "certificate/make.sh": {"DIRECTORY", "by"},
    "check.sh": {"1", "2", "3", "left", "noted", "state", "TOKEN"},  # numbers: in a script that `within` runs
    "database/logins.sh": {"options"},
    "db/load.sh": {"NAME", "old", "safety", "store"},  # in /var/lib/lampctl/dumps, which is root's
    "directory/make.sh": {"reader", "owner", "mode"},  # of the working directory, which was entered
    # In the working directory, which was entered: -RhP uses descriptors, --from changes only files of one user; modes are
    # changed as the site's user.
    "directory/move-in.sh": {"ACCOUNT", "0", "group", "FORMER", "KEPT"},
    "directory/move-out.sh": {"ACCOUNT", "MODE", "OWNER", "FORMER", "kept"},
    "disown.sh": {"new", "list"},
    "http.sh": {"outputs"},
    "journal/prune.sh": {"state", "old"},
    # In its own directory, in /run/systemd/system, and in a /run/lampctl that is mounted for it alone. 1: only a reference.
    "rehearse.sh": {"socket", "new", "folder", "1", "2"},
    "rehearsal/units.sh": {"2", "3", "from", "units"},
    # In /var/lib/lampctl/runs, and in /etc/lampctl-maintenance, which are root's.
    "maintenance/begin.sh": {"state", "places", "journal"},
    "maintenance/off.sh": {"gone", "place", "places"},
    "maintenance/on.sh": {"SITE", "file", "place", "places"},
    "maintenance/prune.sh": {"closed"},
    "own.sh": {"new", "list"},
    "logins/file.sh": {"path", "folder", "gid"},  # below the directory of a web server in /etc, in Perl
    "package/install.sh": {"PACKAGES"},
    # Tenants reach none of these: a home and its `releases`, which were entered, and a release that is being made.
    "release/build.sh": {
        "1",
        "ACCOUNT",
        "DIGEST",
        "made",
        "place",
        "zipped",
    },  # the latter in the sandbox of its commands
    "release/ran.sh": {"1", "records"},  # in /var/lib/lampctl
    "release/paths.sh": {"ACCOUNT", "GROUP", "owner", "path", "release", "up"},
    "site/task.sh": {"ACCOUNT", "PHP", "given"},
    "release/list.sh": {"records", "site"},  # it only reads, as page.sh does
    "release/page.sh": {"ACCEPT", "PAGE", "switch"},
    "release/prove.sh": {"1", "records"},  # in /var/lib/lampctl, as that of prune.sh and unpack.sh
    "release/prune.sh": {"1", "old"},
    "rollback/compose.sh": {"END", "HELD", "SITE", "number", "one", "path", "state"},  # in the batch's directory
    "release/unpack.sh": {"GROUP", "archive", "records", "zipped"},
    "release/archive.sh": {
        "DIGEST",
        "PWD",
        "archive",
    },  # of the latter only names: it writes a file in the working directory
    "rename/forget.sh": {"path"},  # these: homes and files in /var/www, /var/lib/php/lampctl and /etc/lampctl
    "rename/move.sh": {"1", "2"},
    "rename/restore.sh": {"1", "2"},
    "repository/write.sh": {"2", "kept"},
    "run.sh": {"JOURNAL", "other", "KEPT", "PWD", "state"},
    "secret/copies.sh": {"3"},
    "secret/file.sh": {"1", "2"},  # in /etc/lampctl-mail, which is root's
    "secret/make.sh": {"FILE"},
    "secret/take.sh": {"FILE"},
    "service/gone.sh": {"UNIT"},
    "service/leave.sh": {"LEAVES"},  # in /run/lampctl-leaving, which is root's
    "service/together.sh": {"1"},  # below /etc/systemd/system
    "settle.sh": {"journal", "state", "old"},
    "keep.sh": {"KEPT"},
    "swap.sh": {"batch", "path"},  # `rmdir` only below /etc
    "undo/compose.sh": {"count", "kept", "last", "number", "one"},  # in the batch's directory
    "wordpress/activated.sh": {"RECORD"},  # below /var/lib/lampctl, and in the directory of the previous files
    "wordpress/deactivated.sh": {"RECORD"},
    "wordpress/links.sh": {"name", "to"},  # in the working directory, as the site's user
    "wordpress/network.sh": {"MARKER"},  # in /etc/wordpress, which is root's, as that of single.sh
    "wordpress/single.sh": {"MARKER"},
    "user/alias.sh": {"OLD", "NEW"},  # in /var/lib
    "user/create.sh": {"NAME", "was", "path"},  # -RhP uses descriptors, --from changes only files of the previous user
    "user/drop.sh": {"OLD"},
    "user/edit.sh": {"1", "was"},
}


def expanded(script: str) -> Iterator[str]:
    """The lines of a script, with parameters replaced by their values."""
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
    """The variables in commands that change something, except as `./NAME` in a directory that was entered."""
    found: set[str] = set()
    for line in text.splitlines():
        if "within " in line or line.strip().startswith("#"):
            continue
        for part in re.split(r"&&|\|\||;", line.split(" # ")[0]):
            elsewhere = re.sub(r'"?\./"?\$\w+[\w.-]*"?', "", part)
            found |= set(re.findall(r"\$\{?(?:\(\()?(\w+)", elsewhere)) if CHANGES.search(elsewhere) else set()
    return found


@pytest.mark.parametrize("playbook", list(Files().builtin()))
def test_steps_of_playbooks_change_nothing_below_a_site_s_directory_as_root(playbook: str) -> None:
    files = Files()
    loaded, facts = load(playbook, (), files), Facts("debian-13", memory=4 << 30)
    found = desired(Context.from_loaded(loaded, PLATFORMS["debian-13"], facts))
    renderer = Renderer(files.template, playbook)
    contents = {file.key: renderer.text(file) for file in found.files}
    plan = planning.make(planning.Identity(playbook), found, Observation(Facts("debian-13")), contents, wait=1)
    steps = [step for stage in plan.stages for step in steps_of(stage)]
    assert len(steps) > 3
    assert [(step.name, line) for step in steps for line in faults(step.script)] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_host_scripts_change_only_names_in_a_directory_they_entered(name: str) -> None:
    assert changed_by(SCRIPTS[name].read_text()) == PLACES.get(name, set())


def test_scanner_finds_a_planted_fault() -> None:
    assert list(faults("chown -R a: /var/www/b.test/current/x"))
    assert list(faults("""FOLDER=/var/www/b.test/current\nchown -R a: "${FOLDER%/*}/x\""""))
    assert list(faults("""FOLDER='/var/www/b.test/a b'\nrm -rf "$FOLDER"/x"""))
    assert not list(faults("enter /var/www/b.test/releases make"))
    assert changed_by('[ -e x ] || chown a: "$dir/x"; rm "./$name"') == {"dir"}
