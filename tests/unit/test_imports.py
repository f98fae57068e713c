"""Imports go downwards, between packages and within each package, without cycles."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.unit.source import Source, read, sources

# From bottom to top: a package imports only packages to its left. A new package needs a place here.
ORDER = [
    "__version__",
    "legible",
    "errors",
    "extensions",
    "quoting",
    "answers",
    "host",
    "documents",
    "platforms",
    "facts",
    "resources",
    "playbook",
    "checks",
    "rendering",
    "layers",
    "observation",
    "urls",
    "planning",
    "journal",
    "outcome",
    "report",
    "ssh",
    "box",
    "engine",
    "fleet",
    "keywords",
    "api",
    "cli",
]


def graph(files: Iterable[Source]) -> dict[str, set[str]]:
    """Module → the modules of lampctl that it imports. The version is a constant that any report may need."""
    known = {file.module: file for file in files}
    return {
        name: {
            f"{module}.{item}" if f"{module}.{item}" in known else module
            for module, item in _own(file)
            if item != "__version__"
        }
        for name, file in known.items()
    }


def _own(file: Source) -> Iterable[tuple[str, str]]:
    return ((module, item) for module, item in file.imports() if module.partition(".")[0] == "lampctl")


def upward(files: Iterable[Source]) -> list[str]:
    """Imports of a package that is further up; lampctl's own `__init__` holds the version and the public API."""
    found = []
    for file in files:
        own = [*file.module.split("."), ""][1]
        for module, item in _own(file) if own else ():
            package = (*module.split("."), item)[1]
            if ORDER.index(package) > ORDER.index(own):
                found.append(f"{file.path}: {package}")
    return found


def cycles(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """The import cycles on each level: a subpackage counts as one part of its package."""
    levels: dict[str, dict[str, set[str]]] = {}
    for importer, imported in edges.items():
        for other in imported:
            parent, one, two = _siblings(importer, other)
            if one != two:
                levels.setdefault(parent, {}).setdefault(one, set()).add(two)
    return [circle for parts in levels.values() if (circle := _find_cycle(parts))]


def _siblings(one: str, other: str) -> tuple[str, str, str]:
    """The package that both are in, and the part of it that each is in; `__init__` is a part as well."""
    first, second = [*one.split("."), "__init__"], [*other.split("."), "__init__"]
    shared = next((n for n, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
    return ".".join(first[:shared]), first[shared], second[shared]


def _find_cycle(parts: Mapping[str, set[str]]) -> str:
    try:
        TopologicalSorter(parts).prepare()
    except CycleError as error:
        return " imports ".join(reversed(error.args[1]))
    return ""


def test_packages_import_downwards() -> None:
    assert upward(sources("lampctl")) == []


def test_no_imports_in_a_circle() -> None:
    assert cycles(graph(sources("lampctl"))) == []


def test_no_module_imports_the_package_that_it_is_in() -> None:
    """`__init__` imports its modules, so a module that imports it gets a half-initialized package."""
    edges = graph(sources("lampctl"))
    assert [f"{one} imports {other}" for one in edges for other in edges[one] if one.startswith(f"{other}.")] == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"planning/a": "engine.run"}, ["lampctl/planning/a.py: engine"]),
        ({"engine/a": "planning"}, []),
        ({"legible": "errors"}, ["lampctl/legible.py: errors"]),
    ],
)
def test_import_of_a_package_further_up_is_found(files: dict[str, str], expected: list[str]) -> None:
    assert upward(_sources(files)) == expected


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"planning/a": "planning.b", "planning/b": "planning.c", "planning/c": "resources"}, 0),
        ({"planning/a": "planning.b", "planning/b": "planning.a"}, 1),
        ({"layers/web/a": "layers.base", "layers/base": "layers.web.b", "layers/web/b": "errors"}, 1),
        ({"layers/__init__": "layers.base", "layers/base": "layers"}, 1),
    ],
)
def test_circle_is_found(files: dict[str, str], found: int) -> None:
    assert len(cycles(graph(_sources(files)))) == found


def _sources(files: Mapping[str, str]) -> list[Source]:
    """Sources with one import each, in the form that lampctl uses."""
    return [read(f"lampctl/{path}.py", f"from lampctl.{module} import x\n") for path, module in files.items()]


def test_package_order_is_complete() -> None:
    names = {file.module.split(".")[1] for file in sources("lampctl") if file.module != "lampctl"}
    assert names <= set(ORDER)
    assert len(ORDER) == len(set(ORDER))


def test_help_imports_only_what_it_needs() -> None:
    script = "import sys; import lampctl.cli.app; print([m for m in ('fabric', 'paramiko', 'pydantic', 'jinja2', 'pymysql', 'yaml', 'h11') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "arguments", ["render", "explain", "playbook list", "check no.such -p no-such-playbook", "smoke http://127.0.0.1:1"]
)
def test_command_that_contacts_no_host_imports_no_ssh(arguments: str) -> None:
    argv = [sys.executable, "-X", "importtime", str(Path(sys.executable).parent / "lampctl"), *arguments.split()]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    imported = {row.rpartition("|")[2].strip().partition(".")[0] for row in done.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"fabric", "paramiko", "invoke", "cryptography"}


def test_connecting_does_not_import_the_yaml_parser_of_invoke() -> None:
    """It is part of invoke and takes 15 ms to import. It is imported once fabric needs it."""
    script = """
import sys
from lampctl.ssh import ConnectOptions, open_transport, target
from lampctl.errors import Unreachable
try:
    open_transport(target("127.0.0.1:1"), ConnectOptions(config=""))
except Unreachable:
    print("fabric" in sys.modules, "invoke.vendor.yaml.reader" in sys.modules)
from invoke.util import yaml
print(yaml.safe_load("a: 1"), "invoke.vendor.yaml.reader" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["True False", "{'a': 1} True"]
