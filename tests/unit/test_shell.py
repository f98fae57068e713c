"""Shell is code: it is in files, gets its parameters as quoted variables, and passes shellcheck."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lampctl.engine.library import Files
from lampctl.rendering import Renderer
from lampctl.resources import File, shell
from tests.unit.source import ROOT, sources

TEMPLATES = ROOT / "templates"
# Values for each template that is a shell script.
SAMPLES: dict[str, dict[str, object]] = {
    "checks/probe.cgi": {},
    "mail/sendmail.j2": {
        "site": "a.test",
        "program": "/usr/bin/msmtp",
        "config": "/etc/lampctl-mail/a.test/msmtp.conf",
    },
    "php/after-upgrade.sh.j2": {},
    "tls/deploy-hook.sh.j2": {"unit": "nginx.service"},
}
# csh can't have line breaks in quotes: the login command is one line, made of pieces.
ONE_LINE = "lampctl/ssh/batch.py"
CONTROL = re.compile(r"(^|[;&|{(\n]\s*)(if|for|while|until)\s[^\n]*[;\n]\s*(then|do)\s|\bin\b[^\n]*\)[^\n]*;;|\besac\b")
HOST = ROOT / "lampctl/host"
SCRIPTS = {str(path.relative_to(HOST).with_suffix("")): path.read_text() for path in sorted(HOST.rglob("*.sh"))}
# Set by whatever runs the scripts: host/run.sh, host/check.sh, the shell.
SET = {"CREDENTIALS_DIRECTORY", "GENERATION", "JOURNAL", "KEPT", "PLAYBOOK", "RUN", "TOKEN", "PWD"}


def shellcheck(text: str) -> str:
    program = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([program, "-f", "gcc", "-"], input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_script_template_is_listed() -> None:
    scripts = {
        str(path.relative_to(TEMPLATES))
        for path in TEMPLATES.rglob("*")
        if path.is_file() and re.match(r"#!.*sh\n", path.read_text())
    }
    assert scripts == SAMPLES.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_rendered_script_is_clean(name: str) -> None:
    text = Renderer(Files().template, "lamp").text(File("/x", "site", name, SAMPLES[name]))
    assert shellcheck(text) == ""


def test_shellcheck_finds_a_planted_fault() -> None:
    assert "[SC2086]" in shellcheck("#!/bin/sh\nrm -f $1\n")


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of each string that is not a docstring; the values of an f-string are X."""
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    inside |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def test_no_python_string_is_shell_with_branches_or_loops() -> None:
    found = [
        f"{file.path}:{line}"
        for file in sources("lampctl")
        if file.path != ONE_LINE
        for line, text in texts(file.tree)
        if CONTROL.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["if [ -e x ]; then\necho\nfi", "\nfor n in X; do X; done", "while X\ndo\n X", "x; case $a in *b) c ;; esac"],
)
def test_scan_of_python_strings_finds_a_planted_script(text: str) -> None:
    assert CONTROL.search(text)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_gets_each_parameter_that_it_uses_and_no_other(name: str) -> None:
    """Otherwise a mistyped name would be an empty variable on the host."""
    used = {variable.lower(): "x" for variable in set(re.findall(r"\$\{?#?([A-Z][A-Z_]*)\b", SCRIPTS[name])) - SET}
    passed = used | ({"playbook": "x"} if name == "run" else {"token": "x"} if name == "check" else {})
    assert shell.script(name, **passed).endswith(SCRIPTS[name])
    with pytest.raises(ValueError, match=f"{name}: parameters do not match: UNUSED"):
        shell.script(name, **passed, unused="x")
    for one in used:
        with pytest.raises(ValueError, match=f"{name}: parameters do not match: {one.upper()}"):
            shell.script(name, **{key: "x" for key in passed if key != one})


@pytest.mark.parametrize("name", ["path", "home", "ifs", "pwd", "lc_all"])
def test_parameter_with_the_name_of_a_shell_variable_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name.upper()):
        shell.script("observe", boundary="x", **{name: "x"})


WORDS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=60, deadline=None)
@given(name=WORDS, owns=st.lists(WORDS, max_size=4))
def test_parameters_reach_the_script_unchanged(name: str, owns: list[str]) -> None:
    assignments = shell.script("user/create", name=name, folder="", owns=owns).removesuffix(SCRIPTS["user/create"])
    show = """printf '%s\\0' "$NAME"; eval "set -- $OWNS"; for word; do printf '%s\\0' "$word"; done"""
    done = subprocess.run(["sh", "-euc", assignments + show], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == [name, *owns]
