"""The documentation is consistent: pages, links, anchors, commands, and quoted code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from docs.generate.markdown import anchor
from lampctl.cli.app import app
from lampctl.engine.library import Files
from lampctl.platforms import PLATFORMS

ROOT = Path(__file__).parents[2]
PAGES = {str(path.relative_to(ROOT)): path.read_text() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))}
SAMPLES = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)
LAMPCTL = get_command(app)


def without_samples(text: str) -> str:
    """The text without its samples."""
    return SAMPLES.sub("", text)


def headings(text: str) -> list[str]:
    return [anchor(title) for title in re.findall(r"^#+ (.*)$", without_samples(text), re.MULTILINE)]


def test_every_page_is_in_the_navigation_once() -> None:
    toc = yaml.safe_load((ROOT / "docs/sphinx/toc.yml").read_text())
    listed = [toc["root"], *(entry["file"] for part in toc["subtrees"] for entry in part["entries"])]
    assert sorted(f"{name}.md" for name in listed) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_links_in_the_docs_resolve(page: str) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", without_samples(PAGES[page]))):
        path, _, part = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (ROOT / page).parent / path if path else ROOT / page
        name = str(target.resolve().relative_to(ROOT))
        if not target.exists() or (part and f"#{part}" not in headings(PAGES.get(name, ""))):
            broken.append(link)
    assert broken == []


def commands(text: str) -> Iterator[list[str]]:
    """The words of each `lampctl …` in samples and code, without pipes and redirections."""
    samples = [match["text"] for match in SAMPLES.finditer(text)]
    samples += re.findall(r"^ {4}(.*)$", text, re.MULTILINE)
    lines = [line.strip().removeprefix("$ ") for sample in samples for line in sample.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", text)
    for line in lines:
        if found := re.match(r"(?:- |run: |sh ')*(?:\S+/)?(lampctl [a-z-][^|;&<>…)'#]*)", line):
            yield shlex.split(found[1].replace('"', ""))[1:]


def unknown_words(words: list[str]) -> list[str]:
    """The words that lampctl would refuse."""
    command: Any = LAMPCTL
    while words and hasattr(command, "commands"):
        if words[0].startswith("-") or words[0].isupper():
            break
        if words[0] not in command.commands:
            return words[:1]
        command, words = command.commands[words[0]], words[1:]
    if command.name == "ssh":  # the rest is for the host
        return []
    words = words[: words.index("--")] if "--" in words else words  # what follows is another program's
    known = {"--help", "--version", *(name for parameter in command.params for name in parameter.opts)}
    return [word for word in words if word[:1] == "-" != word and word.split("=")[0] not in known]


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_the_docs_exist(page: str) -> None:
    found = list(commands(PAGES[page]))
    assert [(words, wrong) for words in found if (wrong := unknown_words(words))] == []


def test_github_workflow_deploys_every_playbook_on_ubuntu() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    tried = workflow["jobs"]["ubuntu"]["strategy"]["matrix"]
    assert sorted(tried["playbook"]) == sorted(Files().builtin())
    assert sorted(tried["os"]) == sorted(id for id, platform in PLATFORMS.items() if not platform.proved)


def without_layout(code: str) -> str:
    """The code without white space and commas, which a formatter may change."""
    return re.sub(r",(?=[)\]]|$)", "", re.sub(r"\s", "", code))


def test_contributing_quotes_the_code_as_it_is() -> None:
    samples = SAMPLES.finditer(PAGES["CONTRIBUTING.md"])
    quotes = [match["text"].strip().splitlines() for match in samples if match["language"] == "python"]
    for name, *quote in quotes:
        code = without_layout((ROOT / name.strip(" #")).read_text())
        assert [line for line in quote if without_layout(line) not in code] == [], name
    assert len(quotes) > 7


def test_page_on_extensions_quotes_the_tested_example() -> None:
    folder = ROOT / "tests/hosts/extension"
    samples = [
        m["text"].strip().splitlines()
        for m in SAMPLES.finditer(PAGES["docs/extending.md"])
        if m["language"] == "python"
    ]
    for name, *quote in samples:
        code = without_layout((folder / name.strip(" #")).read_text())
        missing = [line for line in quote if "..." not in line and without_layout(line) not in code]
        assert missing == [], name
    assert len(samples) == 2
    assert (folder / "pyproject.toml").read_text().strip() in PAGES["docs/extending.md"]


def test_names_in_contributing_exist() -> None:
    words = re.findall(r"`([^`\n]+)`", without_samples(PAGES["CONTRIBUTING.md"]))
    paths = [
        word for word in words if re.fullmatch(r"(lampctl|templates|tests|docs|playbooks|\.github)/[\w./-]*", word)
    ]
    code = "\n".join(path.read_text() for folder in ("lampctl", "tests") for path in (ROOT / folder).rglob("*.py"))
    names = [word for word in words if re.fullmatch(r"_?[A-Z]\w{3,}|[a-z]+_[a-z_0-9]+", word)]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [name for name in names if not re.search(rf"\b{name}\b", code)] == []
    assert len(paths) > 25
    assert len(names) > 10
