"""`explain`: every check, layer and option has a page, and the pages are correct."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

from lampctl.engine.explain import Manual
from lampctl.errors import UsageError
from lampctl.layers.model import playbook_model
from lampctl.playbook import reference
from lampctl.playbook.examples import example
from tests.unit.forked import run

MANUAL = Manual()


@pytest.mark.parametrize(
    "field", list(reference.fields(playbook_model())), ids=lambda field: f"{field.section.title}:{field.path}"
)
def test_examples_are_valid_values_of_their_option(field: reference.Field) -> None:
    kind: Any = Annotated[field.info.annotation, *field.info.metadata] if field.info.metadata else field.info.annotation
    TypeAdapter[Any](kind).validate_python(example(field.path, field.info).value)


def test_every_check_layer_and_option_has_a_complete_page() -> None:
    labels = {kind: set[str]() for kind in ("check", "layer", "option")}
    for word in [*MANUAL.checks, *MANUAL.layers, *MANUAL.options]:
        page = MANUAL.page(word)
        labels[page.kind] |= {label for label, text in page.items if text}
        assert page.title
    assert {"asks", "runs", "needs", "if it fails", "what to do"} <= labels["check"]
    assert {"options", "checks"} <= labels["layer"]
    assert {"holds", "default", "in a playbook", "or"} <= labels["option"]


def test_page_of_a_check_with_a_site_names_that_site() -> None:
    page = MANUAL.page("php.fastcgi@shop.test")
    assert page.name == "php.fastcgi@shop.test"
    assert ("needs", "php.service") in page.items
    assert any("blocked by it: site.php" in text for label, text in page.items if label == "if it fails")
    assert not any("SITE" in text for _, text in page.items)


def test_page_of_a_check_names_every_place_where_it_runs() -> None:
    items = MANUAL.page("mysql.login").items
    runs = [text for label, text in items if label == "runs"]
    assert len(runs) == 2
    assert runs[0].startswith("through an SSH tunnel")
    assert runs[1] == "on the host (playbooks: database: {host: db1})"
    assert [text for label, text in items if label == "asks" and " on db1 " in text]


@pytest.mark.parametrize("word", ["sites.*.tls", "sites.NAME.tls", "sites.shop.example.com.tls"])
def test_option_of_a_site_is_found_however_the_site_is_written(word: str) -> None:
    assert MANUAL.page(word).name == "sites.NAME.tls"


@pytest.mark.parametrize(("word", "nearest"), [("php.fpm", "php"), ("memory_limit", "php.memory_limit"), ("linux.disc", "linux.disk"), ("tsl", "tls")])  # fmt: skip
def test_unknown_word_has_a_suggestion(word: str, nearest: str) -> None:
    with pytest.raises(UsageError, match="not found") as caught:
        MANUAL.page(word)
    assert nearest in caught.value.hint


def test_text_fits_the_terminal(tmp_path: Path) -> None:
    text = run("explain", "php.fastcgi", cwd=tmp_path).stdout
    assert "the pool gave no answer → journalctl -u lampctl-php8.4-SITE" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
    page = json.loads(run("explain", "php.memory_limit", "--format", "json", cwd=tmp_path).stdout)["page"]
    assert {"label": "default", "text": "128M"} in page["items"]
