"""Completion: the words of every kind, in bash itself; fast, and never an error. zsh and fish are in tests/hosts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent

SITE = """\
extends: base.yml
sites: {shop.test: {}}
environments: {staging: {hosts: [stage.test], sites: {new.test: {}}}, production: {}}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with playbooks, and a home with an ssh_config that includes another."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "base.yml").write_text("extends: lamp\nhosts: [playbook.test]\n")
    (folder / "site.yml").write_text(SITE)
    (folder / "broken.yml").write_text("hosts: [")
    (folder / ".ssh" / "conf.d").mkdir(parents=True)
    (folder / ".ssh" / "config").write_text("Include conf.d/*\nHost web1 web2\nHost *.corp !no\n")
    (folder / ".ssh" / "conf.d" / "more").write_text("Host included1\n")
    (folder / "more" / "boxes" / "demo").mkdir(parents=True)
    (folder / "more" / "boxes" / "demo" / "box.json").write_text('{"release": "trixie", "address": "10.0.0.1"}')
    return folder


def environment(project: Path) -> dict[str, str]:
    home = {"HOME": str(project), "XDG_CACHE_HOME": str(project / "cache"), "LAMPCTL_BOX_HOME": str(project / "more")}
    return {**os.environ, **home, "PATH": f"{BIN}:{os.environ['PATH']}"}


def answer(line: str, project: Path) -> list[str]:
    """Return the words for `line`; nothing else may be printed, whatever is typed."""
    done = subprocess.run(
        [BIN / "lampctl"],
        env={**environment(project), "_LAMPCTL_COMPLETE": line},
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [row.partition("\t")[0] for row in done.stdout.splitlines()]


OFFERS = {
    "lampctl dep": {"deploy"},
    "lampctl playbook s": {"show", "schema"},
    "lampctl check --form": {"--format"},
    "lampctl check --format ": {"text", "json", "junit", "html"},
    "lampctl deploy ": {"local", "web1", "web2", "included1", "demo"},
    "lampctl deploy local root@we": {"root@web1", "root@web2"},
    "lampctl deploy -p site.yml p": {"playbook.test"},
    "lampctl deploy -p site.yml --env staging st": {"stage.test"},
    "lampctl deploy -p broken.yml we": {"web1", "web2"},
    "lampctl deploy -p s": {"site.yml", "static", "servlet"},
    "lampctl plan -p site.yml --env ": {"staging", "production"},
    "lampctl deploy --set php.memory_l": {"php.memory_limit="},
    "lampctl deploy --set=php.memory_l": {"--set=php.memory_limit="},
    "lampctl deploy -p site.yml --set sites.shop.test.a": {"sites.shop.test.aliases=", "sites.shop.test.allow_override=", "sites.shop.test.admin="},
    "lampctl deploy -p site.yml --env staging --set sites.": {"sites.shop.test.tls=", "sites.new.test.tls="},
    "lampctl init --type p": {"php", "process", "proxy"},
    "lampctl explain php.f": {"php.fastcgi"},
    "lampctl explain php.fastcgi@": {"php.fastcgi@shop.test"},
    "lampctl explain site.p": {"site.php"},
    "lampctl explain linux.ssh@": set(),
    "lampctl explain 'sites.NAME.tls.h": {"sites.NAME.tls.hsts"},
    "lampctl box down ": {"demo"},
    "lampctl box up x --release ": {"trixie", "bookworm"},
    "lampctl render --platform debian-1": {"debian-12", "debian-13"},
    "lampctl completion ": {"bash", "zsh", "fish"},
    "lampctl deploy --nonsense -p 'x y --set \"": set(),
    "": set(),
}  # fmt: skip


@pytest.mark.parametrize("line", OFFERS)
def test_completion_offers_the_expected_words(line: str, project: Path) -> None:
    assert set(answer(line, project)) >= OFFERS[line]
    assert OFFERS[line] or answer(line, project) == []


def test_completion_is_fast(project: Path) -> None:
    """Modules that take a tenth of a second or more to import are not imported."""
    answer("lampctl deploy --set php.", project)  # the first call reads the models and caches the result
    for line in (
        "lampctl deploy ",
        "lampctl deploy -p site.yml --set php.",
        "lampctl explain web",
        "lampctl explain web.static@",
    ):
        done = subprocess.run(
            [sys.executable, "-X", "importtime", BIN / "lampctl"],
            env={**environment(project), "_LAMPCTL_COMPLETE": line},
            cwd=project,
            capture_output=True,
            text=True,
            check=True,
        )
        imported = {row.rpartition("|")[2].strip().partition(".")[0] for row in done.stderr.splitlines()}
        assert "typer" in imported
        assert not imported & {"pydantic", "paramiko", "jinja2", "rich", "cryptography"}, line


BASH = """\
source <(lampctl completion bash)
compopt() { echo "no blank"; }
COMP_LINE=$1 COMP_POINT=${#1}
_lampctl lampctl "$2" before
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "word", "shown"),
    [
        ("lampctl dep", "dep", "deploy\n"),
        ("lampctl deploy root@included", "included", "included1\n"),  # readline replaces what follows the @
        ("lampctl explain php.fastcgi@s", "s", "shop.test\n"),
        ("lampctl deploy --set=php.memory_l", "php.memory_l", "no blank\nphp.memory_limit=\n"),
        ("lampctl deploy --set php.memory_l", "php.memory_l", "no blank\nphp.memory_limit=\n"),
    ],
)
def test_bash_replaces_the_right_part_of_the_line(line: str, word: str, shown: str, project: Path) -> None:
    argv = ["bash", "--norc", "-c", BASH, "bash", line, word]
    done = subprocess.run(argv, env=environment(project), cwd=project, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (shown, "")
