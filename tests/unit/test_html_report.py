"""The HTML report: valid, self-contained, readable in light and dark, and evidence is always escaped."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import html5lib
import pytest

from lampctl.report import html
from tests.unit.runs import HOSTILE, RUNS

HTML = "{http://www.w3.org/1999/xhtml}"
PAGES = {run: html.render(report) for run, report in RUNS.items()}
CSS = re.search(r"<style>(.*?)</style>", PAGES["broken"], re.DOTALL)[1]  # type: ignore[index]


class Elements(HTMLParser):
    """Every start tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def values_of(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.found if attribute in attributes]


@pytest.mark.parametrize("run", PAGES)
def test_report_is_valid_html(run: str) -> None:
    page = PAGES[run]
    html5lib.HTMLParser(strict=True).parse(page)
    elements = Elements(page)
    ids = elements.values_of("id")
    assert len(ids) == len(set(ids))
    assert {target for names in elements.values_of("aria-labelledby") for target in names.split()} <= set(ids)


@pytest.mark.parametrize("run", PAGES)
def test_report_loads_nothing_and_runs_nothing(run: str) -> None:
    page, elements = PAGES[run], Elements(PAGES[run])
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & {
        tag for tag, _ in elements.found
    }
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]
    ids = elements.values_of("id")
    assert [href for href in elements.values_of("href") if href.removeprefix("#") not in ids] == []
    assert elements.values_of("src") == []
    assert not re.search(r"url\(|@import|https?://", page)


def test_evidence_is_escaped() -> None:
    tree = html5lib.parse(PAGES["broken"])
    shown = ["".join(pre.itertext()) for pre in tree.iter(f"{HTML}pre")]
    assert re.sub("[\x00\x1b]", "�", HOSTILE.replace("\r\n", "\n")) in shown
    assert "".join(f"{line}\n" for line in ("-<b>old</b>", "+<b>new</b>")) in "".join(shown)
    assert "<script" not in PAGES["broken"]


@pytest.mark.parametrize("run", PAGES)
def test_headings_are_in_order(run: str) -> None:
    tree = html5lib.parse(PAGES[run])
    assert tree.get("lang") == "en"
    levels = [int(e.tag[-1]) for e in tree.iter() if re.fullmatch(rf"{HTML}h[1-6]", str(e.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_colours_are_repeated_in_words() -> None:
    tree = html5lib.parse(PAGES["broken"])
    way = [" ".join("".join(a.itertext()).split()) for ol in tree.iter(f"{HTML}ol") for a in ol.iter(f"{HTML}a")]
    assert way == [
        "linux ✓ works 1 of 1 pass",  # web1
        "linux ? unknown 1 of 2 pass", "web ✗ broken 0 of 1 pass", "site · blocked 0 of 1 pass",  # web2
        "linux ? unknown 1 of 2 pass",  # web3
    ]  # fmt: skip
    marks = [e for e in tree.iter(f"{HTML}span") if (e.text or "").strip() in ("✓", "✗", "·", "?")]
    assert marks
    assert [mark for mark in marks if mark.get("aria-hidden") != "true"] == []


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", ["page", "card", "code"])
@pytest.mark.parametrize("colour", ["text", "soft", "good", "bad", "held", "link"])
def test_contrast_is_sufficient(mode: str, ground: str, colour: str) -> None:
    light, _, dark = CSS.partition("prefers-color-scheme: dark")
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6})", light if mode == "light" else dark))
    brighter, darker = sorted((luminance(colours[colour]), luminance(colours[ground])), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5
