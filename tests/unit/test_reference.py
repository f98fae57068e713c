"""The reference documents all of the program and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from typer.main import get_command

import lampctl
from docs.generate import FOLDER, pages
from docs.generate.cli import ENVIRONMENT
from docs.generate.document import OTHERS
from docs.generate.markdown import anchor
from docs.generate.playbook import tables
from lampctl.cli.app import app
from lampctl.engine.library import Files as Library
from lampctl.facts import nominal
from lampctl.layers import Context, desired
from lampctl.layers.model import playbook_model
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.playbook.reference import sections
from tests.unit.playbooks import SERVERS

PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_reference_files_are_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name], "docs/reference is old: run `make reference`"


def test_reference_has_no_other_files() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_links_in_the_reference_resolve(name: str) -> None:
    headings = [anchor(title) for title in re.findall(r"^#+ (.*)$", PAGES[name], re.MULTILINE)]
    assert len(headings) == len(set(headings))
    assert set(re.findall(r"\]\((#[^)]*)\)", PAGES[name])) <= set(headings)


def test_every_environment_variable_is_described() -> None:
    code = "".join(path.read_text() for path in Path(lampctl.__file__).parent.rglob("*.py"))
    asked = set(re.findall(r"environ(?:\.get\(|\[)\"([A-Z]\w*)\"|getenv\(\"(\w+)\"", code))
    assert {name for pair in asked for name in pair if name} <= {name for name, _ in ENVIRONMENT}


@pytest.mark.parametrize("playbook", sorted(Library().builtin()))
def test_every_check_is_described(playbook: str) -> None:
    described = set(re.findall(r"^\| `([^`]+)`", PAGES["checks.md"], re.MULTILINE))
    for server in SERVERS:
        web = json.dumps({**server, "behind_port": 8999})
        loaded = load(playbook, (f"web={web}",), Library())
        for platform in PLATFORMS.values():
            facts = nominal(platform.id, loaded.playbook.sites)
            found = desired(Context.from_loaded(loaded, platform, facts)).checks
            assert {re.sub("@.*", "@SITE", check.id) for check in found} <= described


def test_every_playbook_field_is_described() -> None:
    found = sections(playbook_model())
    fields = {f"{s.title}: {name}": field for s in found for name, field in s.model.model_fields.items()}
    assert [name for name, field in fields.items() if not field.description] == []
    assert [section.title for section in found if not section.model.__doc__] == []


def test_every_command_and_option_is_described() -> None:
    undescribed = []
    for name, command in _commands(get_command(app), "lampctl"):
        undescribed += [] if command.help else [name]
        undescribed += [] if command.epilog or hasattr(command, "commands") else [f"{name}: an example"]
        undescribed += [f"{name} {parameter.name}" for parameter in command.params if not parameter.help]
        undescribed += [
            f"{name} {parameter.name}: a metavar"
            for parameter in command.params
            if not parameter.metavar and not getattr(parameter, "is_flag", False) and "completion" not in parameter.name
        ]
    assert undescribed == []


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    yield name, command
    for below, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, f"{name} {below}")


@pytest.mark.parametrize("command", ["render", "playbook list", "playbook show", "playbook validate"])
def test_json_documents_have_the_keys_of_the_reference(command: str, tmp_path: Path) -> None:
    more = ["--out", str(tmp_path)] if command == "render" else []
    argv = [str(Path(sys.executable).parent / "lampctl"), *command.split(), *more, "--format", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert list(json.loads(done.stdout)) == ["command", "ok", *OTHERS[command]]


class Tls(BaseModel):
    """A certificate."""

    email: Annotated[str, Field(pattern=r".+@.+")] | None = Field(None, description="Whom to tell.")


class Files(BaseModel):
    """Files only."""

    type: Literal["static"] = Field(description="What it is.")
    tls: Tls | None = Field(None, description="Encryption.")


class Proxy(BaseModel):
    """In front of a program."""

    type: Literal["proxy"] = Field(description="What it is.")
    to: str = Field(description="Where the program listens.")
    tls: Tls | None = Field(None, description="Encryption.")


class Book(BaseModel):
    """All."""

    sites: dict[str, Annotated[Files | Proxy, Field(discriminator="type")]] = Field({}, description="By name.")
    names: list[Literal["a", "b"]] | None = Field(None, description="A few.")


def test_each_site_type_has_a_section() -> None:
    found = sections(Book)
    assert [s.title for s in found] == [
        "The top level", "sites.NAME of type: static", "sites.NAME of type: proxy", "sites.NAME.tls",
    ]  # fmt: skip
    text = "\n".join(tables(found))
    assert (
        "| mapping of text to [type: static](#sitesname-of-type-static) or [type: proxy](#sitesname-of-type-proxy) |"
        in text
    )
    assert "| `to` | Where the program listens. | *required* | text |" in text
    assert text.count("| `tls` | Encryption. | `null` | [mapping](#sitesnametls) or `null` |") == 2
    assert "| `names` | A few. | `null` | list of (`a` or `b`) or `null` |" in text
    assert "| `email` | Whom to tell. | `null` | text like `.+@.+` or `null` |" in text
