"""From a playbook's text to a valid playbook, or to an error with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lampctl.engine.library import Files
from lampctl.errors import PlaybookError, UsageError
from lampctl.playbook import Loaded, load


def loaded(tmp_path: Path, text: str, *settings: str) -> Loaded:
    path = tmp_path / "site.yml"
    path.write_text(text)
    return load(str(path), settings, Files(tmp_path))


WRONG = {
    "mistyped key": ("extends: lamp\nphp:\n  memory_limt: 1M\n", ":3: php → memory_limt: unknown key; did you mean memory_limit?"),
    "what is allowed": ("web:\n  x: 1\n", "Allowed here: adopt, behind_port, front, keepalive_timeout, max_workers, server"),
    "wrong type": ("extends: lamp\nmysql:\n  buffer_pool: 12\n", ":3: mysql → buffer_pool: should be text or 'auto', not 12"),
    "broken YAML": ("php: [a\nb: c", ":2: is not valid YAML"),
    "a key twice": ("php: {}\nphp: {}\n", ":2: the key php occurs twice"),
    "no mapping": ("- a\n", ":1: a playbook is a mapping"),
    "no hostname": ("extends: lamp\nsites:\n  under_score.test: {}\n", ":3: sites → under_score.test: 'under_score.test' is not a valid hostname"),
    "a name in upper case": ("extends: lamp\nsites:\n  Shop.test: {}\n", ":3: sites → Shop.test: 'Shop.test' has upper-case letters: write shop.test"),
    "a name with umlauts": ("extends: lamp\nsites:\n  Müller.straße.test: {}\n", "'Müller.straße.test' has letters that DNS writes as Punycode: write xn--mller-kva.xn--strae-oqa.test"),
    "a name with an invisible letter": ("extends: lamp\nsites:\n  \"a\\u200bb.test\": {}\n", "is not a valid hostname: letters a-z"),
    "a name with a dot at its end": ("extends: lamp\nsites:\n  a.test.: {}\n", "'a.test.' ends with a dot: write a.test"),
    "a name with a port": ("extends: lamp\nsites:\n  a.test:80: {}\n", "'a.test:80' has a port: write a.test"),
    "a name with a path": ("extends: lamp\nsites:\n  https://a.test/b: {}\n", "'https://a.test/b' is a URL: write a.test"),
    "a wildcard": ("extends: lamp\nsites:\n  '*.test': {}\n", "'*.test' is a wildcard: a site has one name"),
    "a label that is too long": (f"extends: lamp\nsites:\n  {'a' * 64}.test: {{}}\n", "has a label of 64 characters"),
    "an alias that is too long": (f"extends: lamp\nsites: {{a.test: {{aliases: [{'.'.join(['a' * 50] * 5)}]}}}}\n", "is too long for a hostname: 254 characters"),
    "quote in a database name": ("extends: lamp\nsites:\n  a.test:\n    database: {name: \"a'b\"}\n", ":4: sites → a.test → database → name: \"a'b\" is not a valid database name: letters"),
    "backtick in a database name": ("extends: lamp\nsites:\n  a.test:\n    database: {name: a`b}\n", "'a`b' is not a valid database name: letters"),
    "site without layers": ("sites: {a.test: {}}\n", "sites need the layer web"),
    "one name twice": ("extends: lamp\nsites: {a.test: {}, b.test: {aliases: [a.test]}}\n", "the name a.test is used by two sites"),
    "a site in the webroot": ("extends: lamp\nsites: {lampctl: {}}\n", "a site can't be called lampctl"),
    "one database twice": ("extends: lamp\nsites: {a.test: {database: {name: x, user: u}}, b.test: {database: {name: x}}}\n", "the database name x is used by two sites"),
    "line break in an ini value": ("extends: lamp\nphp:\n  ini: {error_log: \"a\\nb\"}\n", "must not contain line breaks"),
    "a path with dots": ("extends: lamp\nsites: {a.test: {root: /var/../etc}}\n", "is not a plain absolute path"),
    "itself": ("extends: site.yml\n", "extends goes in a circle"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_invalid_playbook_names_line_and_error(tmp_path: Path, case: str) -> None:
    text, message = WRONG[case]
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, text)
    assert message in caught.value.message
    assert "site.yml" in caught.value.message


def test_all_errors_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, "extends: lamp\nphp:\n  x: 1\n  max_children: two\n")
    assert len(caught.value.message.splitlines()) == 2


def test_extends_merges_layers_and_replaces_sites(tmp_path: Path) -> None:
    playbook = loaded(tmp_path, "extends: lamp\nphp: {memory_limit: 64M}\nsites: {a.test: {}}\n").playbook
    assert playbook.php is not None
    assert (playbook.php.memory_limit, playbook.php.extensions) == ("64M", ["mysql"])
    assert list(playbook.sites) == ["a.test"]


def test_set_accepts_names_with_dots(tmp_path: Path) -> None:
    playbook = loaded(tmp_path, "extends: lamp\n", "sites.lamp.test.php.memory_limit=1G", "php.max_children=3").playbook
    assert playbook.php_sites["lamp.test"].php.memory_limit == "1G"
    assert playbook.php is not None
    assert playbook.php.max_children == 3


def test_set_replaces_the_previous_value(tmp_path: Path) -> None:
    playbook = loaded(tmp_path, "extends: lamp\n", "sites={a.test: {}}", "php={memory_limit: 1G}").playbook
    assert list(playbook.sites) == ["a.test"]
    assert loaded(tmp_path, "extends: lamp\n", "sites={}", "hosts=[a, b]").playbook.hosts == ["a", "b"]


def test_playbook_may_extend_the_built_in_one_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "lamp.yml").write_text("extends: lamp\ndescription: ours\n")
    found = load("lamp", (), Files(tmp_path))
    assert found.playbook.description == "ours"
    assert found.files == (str(tmp_path / "playbooks" / "lamp.yml"), "built-in playbooks/lamp.yml")


def test_site_names_are_kept_as_written(tmp_path: Path) -> None:
    text = "extends: lamp\nsites: {1.10: {}, on: {root: /srv/on}, 2024-01-01: {}}\n"
    assert list(loaded(tmp_path, text).playbook.sites) == ["1.10", "on", "2024-01-01"]


def test_invalid_value_of_set_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="is not a valid size"):
        loaded(tmp_path, "extends: lamp\n", "php.memory_limit=lots")
    with pytest.raises(UsageError, match="must be KEY=VALUE"):
        loaded(tmp_path, "extends: lamp\n", "php.memory_limit")


def test_missing_playbook_suggests_a_similar_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load("lampp", (), Files(tmp_path))
    assert "did you mean lamp?" in caught.value.hint
