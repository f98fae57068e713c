"""Recipes: each built-in one is valid on its own, a site's values win, and `playbook show` says where each comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from lampctl.engine.library import Files, data
from lampctl.engine.offline import rendered
from lampctl.errors import PlaybookError
from lampctl.playbook import Loaded, load
from lampctl.playbook.origins import values
from lampctl.playbook.schema import schema
from tests.unit.forked import run


@dataclass(frozen=True)
class Case:
    """A recipe, with the least that its application brings, and what a host gets for it."""

    files: tuple[str, ...]
    rendered: tuple[str, ...]  # text that is in a file on the host
    site: str = ""  # what the site has to say itself


CASES = {
    "plain-php": Case(("index.php",), ("tpl",)),
    "laravel": Case(("public/index.php", "artisan"), ("current/public",)),
    "symfony": Case(("public/index.php", "bin/console"), ("current/public",)),
    "drupal": Case(("web/index.php",), ("current/web", "memory_limit] = 256M", "module")),
    "wordpress-source": Case(("web/index.php",), ("current/web",), "    environment: {WP_HOME: 'http://shop.test'}\n"),
    "mediawiki": Case(("index.php", "LocalSettings.php"), ("memory_limit] = 256M", "WIKI_SECRET_KEY")),
    "dokuwiki": Case(("index.php", "doku.php"), ("/var/www/shop.test/current",)),
    "phpmyadmin": Case(("index.php",), ("BLOWFISH_SECRET",)),
    "django": Case(("manage.py",), ("current/.venv/bin/python -m gunicorn", "config.wsgi")),
    "flask": Case(("app.py",), ("ExecStart=/var/www/shop.test/current/.venv/bin/python -m gunicorn --bind 127.0.0.1:${PORT}", "Environment=HOME=/var/lib/site-shop-test")),
    "express": Case(("package.json",), ("ExecStart=npm start", "127.0.0.1:3001")),
    "nextjs": Case(("package.json",), ("next start -H 127.0.0.1 -p ${PORT}",)),
    "static-build": Case(("package.json",), ("current/dist", "The sandbox of single commands of shop.test")),
    "procfile": Case(("Procfile",), ("ExecStart=sh -c 'exec ./serve $$PORT'",), "    command: sh -c 'exec ./serve $$PORT'\n"),
}  # fmt: skip


def project(folder: Path, recipe: str, site: str = "", server: str = "nginx") -> Files:
    """A playbook of one site with this recipe, and its application."""
    case = CASES.get(recipe, Case(("index.php",), ()))
    for name in case.files:
        (folder / "app" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "app" / name).touch()
    (folder / "site.yml").write_text(
        f"extends: lamp\nweb: {{server: {server}}}\nsites:\n  a.test: {{}}\n  shop.test:\n    recipe: {recipe}\n"
        f"    source: app\n{case.site}{site}"
    )
    return Files(folder)


def loaded(folder: Path, recipe: str, site: str = "") -> Loaded:
    return load("site.yml", (), project(folder, recipe, site))


def test_every_recipe_is_tested() -> None:
    assert set(CASES) == {path.stem for path in (data("playbooks") / "recipes").iterdir()}


@pytest.mark.parametrize("server", ["apache", "nginx"])
@pytest.mark.parametrize("recipe", CASES)
def test_recipe_is_valid_and_renders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str, server: str) -> None:
    monkeypatch.chdir(tmp_path)
    project(tmp_path, recipe, server=server)
    text = "\n".join(rendered("site.yml", (), "debian-13", Files()).values())
    assert [part for part in CASES[recipe].rendered if part not in text] == []


@pytest.mark.parametrize("recipe", CASES)
def test_recipe_says_what_it_is_for_and_sets_nothing_that_only_a_site_can_know(recipe: str) -> None:
    text = (data("playbooks") / "recipes" / f"{recipe}.yml").read_text()
    assert text.startswith("# ")
    fragment = yaml.safe_load(text)
    assert "type" in fragment
    assert not set(fragment) & {"source", "aliases", "default", "tls", "recipe"}


def test_values_of_the_site_win_and_every_value_has_its_origin(tmp_path: Path) -> None:
    own = "    environment: {APP_ENV: staging, APP_KEY: fixed}\n    shared: [storage/, files/]\n    public: web\n"
    (tmp_path / "app/web").mkdir(parents=True)
    (tmp_path / "app/web/index.php").touch()
    found = loaded(tmp_path, "laravel", own)
    site: Any = found.playbook.sites["shop.test"]
    assert list(found.playbook.sites) == ["a.test", "shop.test"]
    assert (site.public, site.shared, site.front_controller) == ("web", ["storage/", "files/"], "index.php")
    assert (site.environment["APP_ENV"], site.environment["APP_KEY"]) == ("staging", "fixed")
    origins = {
        value.path[2:]: value.origin
        for value in values(found.playbook, found.document)
        if value.path[1:2] == ("shop.test",)
    }
    recipe = "built-in playbooks/recipes/laravel.yml"
    assert origins["public",] == f"{tmp_path}/site.yml:10"
    assert origins["environment", "APP_ENV"] == f"{tmp_path}/site.yml:8"
    assert origins["front_controller",].startswith(f"{recipe}:")
    assert origins["environment", "DB_CONNECTION"].startswith(f"{recipe}:")
    assert origins["keep",] == "default"


def test_environment_and_set_choose_and_change_a_recipe(tmp_path: Path) -> None:
    files = project(tmp_path, "plain-php", "environments:\n  staging:\n    sites: {shop.test: {deny: [x]}}\n")
    assert load("site.yml", (), files, "staging").playbook.sites["shop.test"].deny == ["x"]
    (tmp_path / "app/public").mkdir()
    (tmp_path / "app/public/index.php").touch()
    site: Any = load("site.yml", ["sites.shop.test.recipe=laravel", "sites.shop.test.keep=2"], files).playbook.sites["shop.test"]  # fmt: skip
    assert (site.public, site.keep, "*.tpl" in site.deny) == ("public", 2, False)


def test_a_site_installs_the_packages_and_extensions_of_its_recipe(tmp_path: Path) -> None:
    playbook = loaded(tmp_path, "laravel").playbook
    assert "composer" in playbook.sites["shop.test"].packages
    assert {"bcmath", "mysql"} <= set(playbook.extensions)


def test_own_recipe_wins_over_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "playbooks/recipes").mkdir(parents=True)
    (tmp_path / "playbooks/recipes/laravel.yml").write_text("type: php\nkeep: 3\n")
    (tmp_path / "playbooks/recipes/intranet.yml").write_text("type: php\nkeep: 4\n")
    assert loaded(tmp_path, "laravel").playbook.sites["shop.test"].keep == 3  # type: ignore[attr-defined]
    assert loaded(tmp_path, "intranet").playbook.sites["shop.test"].keep == 4  # type: ignore[attr-defined]


ERRORS = {
    "unknown": ("laravell", "", "site.yml:6: sites → shop.test → recipe: there is no recipe laravell"),
    "a path": ("../lamp", "", "site.yml:6: sites → shop.test → recipe: there is no recipe ../lamp"),
    "no text": ("[a]", "", "site.yml:6: sites → shop.test → recipe: should be text"),
    "another type": ("laravel", "    type: static\n", "site.yml:6: sites → shop.test → recipe: laravel is for sites of type php, and this one has type: static"),
    "a recipe in it": ("nested", "", "nested.yml:2: a recipe can't build on another recipe"),
    "an unknown field": ("wrong", "", "wrong.yml:2: sites → shop.test → publik: unknown key; did you mean public?"),
    "a wrong value": ("bad", "", "bad.yml:1: sites → shop.test → keep: "),
    "no YAML": ("broken", "", "broken.yml:2: is not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS)
def test_error_has_its_line_and_says_what_to_do(tmp_path: Path, case: str) -> None:
    recipe, site, message = ERRORS[case]
    own = {
        "nested": "type: php\nrecipe: laravel\n",
        "wrong": "type: php\npublik: x\n",
        "bad": "keep: -1\n",
        "broken": "a: [\n",
    }
    (tmp_path / "playbooks/recipes").mkdir(parents=True)
    for name, text in own.items():
        (tmp_path / f"playbooks/recipes/{name}.yml").write_text(text)
    with pytest.raises(PlaybookError) as caught:
        loaded(tmp_path, recipe, site)
    assert message in caught.value.message
    assert len(caught.value.message.splitlines()) == 1
    if case == "unknown":
        assert caught.value.hint.startswith("did you mean laravel? Recipes: ")
        assert "symfony" in caught.value.hint


def test_schema_lets_a_recipe_set_what_a_site_must_have() -> None:
    found = schema(Files().model())
    process = found["$defs"]["ProcessSite"]
    assert process["anyOf"] == [{"required": ["type", "command", "port"]}, {"required": ["recipe"]}]
    assert "oneOf" not in found["properties"]["sites"]["additionalProperties"]


def test_list_names_the_recipes(tmp_path: Path) -> None:
    document = json.loads(run("playbook", "list", "--format", "json", cwd=tmp_path).stdout)
    assert set(document["recipes"]) == set(CASES)
    assert document["recipes"]["laravel"].startswith("Laravel")
