"""Plugins and themes of WordPress that a playbook delivers; no host."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from lampctl.engine.library import Files
from lampctl.errors import LampctlError
from lampctl.facts import Facts
from lampctl.layers import Context, Desired, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.playbook.sites.extras import extras
from lampctl.rendering import Renderer
from lampctl.resources import Command, File, select

PLUGIN = "<?php\n/*\n * Plugin Name: Shop\n */\n"
THEME = "/*\nTheme Name: Own\nTemplate: twentytwentyfive */\n"
HEADER = "has no .php file with the header `Plugin Name:` in its top folder"


def book(tmp_path: Path, fields: str, files: dict[str, str]) -> str:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "book.yml").write_text(f"extends: lamp\nsites:\n  a.test:\n    type: wordpress\n{fields}\n")
    return str(tmp_path / "book.yml")


def context(path: str) -> Context:
    return Context.from_loaded(load(path, (), Files()), PLATFORMS["debian-13"], Facts("debian-13"))


def packed(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return buffer.getvalue()


FILES = {"shop/shop.php": PLUGIN, "shop/inc/a.php": "<?php", "own/style.css": THEME}
FIELDS = "    plugins: {shop: ./shop}\n    themes: {own: ./own}\n    theme: own"


def wanted(path: str) -> Desired:
    return desired(context(path))


def test_plugins_and_themes_are_one_release_with_links_and_a_configuration(tmp_path: Path) -> None:
    path = book(tmp_path, FIELDS, FILES)
    source = context(path).sources["a.test"]
    found = {one.path: (one.main, one.parent) for one in extras(source)}
    assert found == {"plugins/shop": ("shop.php", ""), "themes/own": ("style.css", "twentytwentyfive")}
    plan = wanted(path)
    texts = {one.path: Renderer(Files().template, path).text(one) for one in select(plan.resources, File)}
    config = texts["/etc/wordpress/config-site-a-test.php"]
    assert "'shop/shop.php' => true," in config
    assert "['stylesheet' => 'own', 'template' => 'twentytwentyfive']" in config
    commands = {one.name: one for one in select(plan.resources, Command)}
    assert commands["link the plugins and themes of a.test"].early
    assert f"WANTED='{source.digest} own shop'" in commands["activate the plugins and the theme of a.test"].script


def test_inactive_plugin_is_delivered_only(tmp_path: Path) -> None:
    path = book(tmp_path, "    plugins: {shop: {folder: ./shop, active: false}}", FILES)
    texts = [Renderer(Files().template, path).text(one) for one in select(wanted(path).resources, File)]
    assert any("'shop/shop.php' => false," in text for text in texts)


def test_checksum_of_files_is_that_of_the_host_script(tmp_path: Path) -> None:
    (one,) = extras(context(book(tmp_path, "    plugins: {shop: ./shop}", FILES)).sources["a.test"])
    sums = sorted(f"{hashlib.sha256(text.encode()).hexdigest()}  ./{path}\n" for path, text in
                  {"inc/a.php": "<?php", "shop.php": PLUGIN}.items())  # fmt: skip
    assert one.digest == hashlib.sha256("".join(sums).encode()).hexdigest()


@pytest.mark.parametrize(
    ("fields", "files", "message"),
    [
        ("    plugins: {shop: ./none}", {}, "none: no such file or folder"),
        ("    plugins: {shop: ./shop}", {"shop/shop.php": "<?php"}, HEADER),
        ("    plugins: {shop: ./shop}", {"shop/in/shop.php": PLUGIN}, HEADER),
        ("    plugins: {shop: ./shop}", {"shop/a.php": PLUGIN, "shop/b.php": PLUGIN}, "several plugins: a.php, b.php"),
        ("    plugins: {shop: ./shop}", {"shop/a/a.php": PLUGIN, "shop/b/b.php": ""}, "more than one folder: a, b"),
        ("    themes: {own: ./own}", {"own/style.css": "a {}"}, "has no style.css with the header `Theme Name:`"),
        ("    plugins: {../x: ./shop}", FILES, "is not the name of a plugin's or theme's folder"),
        ("    plugins: {shop: {folder: ./shop, archive: x.zip}}", FILES, "give `folder`, or `archive` with `sha256`"),
        ("    plugins: {shop: {archive: x.zip}}", FILES, "`archive` and `sha256` go together"),
    ],
)
def test_bad_plugin_is_refused_with_its_line(tmp_path: Path, fields: str, files: dict[str, str], message: str) -> None:
    with pytest.raises(LampctlError) as raised:
        load(book(tmp_path, fields, files), (), Files())
    assert message in raised.value.message
    assert "book.yml:5" in raised.value.message
    assert raised.value.exit_code == 2


def archived(tmp_path: Path, files: dict[str, str], checksum: str = "") -> str:
    data = packed(**files)
    (tmp_path / "shop.zip").write_bytes(data)
    checksum = checksum or hashlib.sha256(data).hexdigest()
    return book(tmp_path, f"    plugins: {{shop: {{archive: ./shop.zip, sha256: '{checksum}'}}}}", {})


@pytest.mark.parametrize("path", ["shop/shop.php", "shop.php", "shop-1.2/shop.php"])
def test_archive_of_a_plugin_has_it_in_a_folder_or_without(tmp_path: Path, path: str) -> None:
    source = context(archived(tmp_path, {path: PLUGIN})).sources["a.test"]
    assert [(one.path, one.main) for one in extras(source)] == [("plugins/shop", "shop.php")]


@pytest.mark.parametrize(
    ("files", "checksum", "message"),
    [
        ({"shop/shop.php": PLUGIN}, "0" * 64, "not the playbook's"),
        ({"shop/readme.txt": ""}, "", HEADER),
        ({"shop/shop.php": PLUGIN, "other/other.php": PLUGIN}, "", "more than one folder: other, shop"),
        ({"shop/shop.php": PLUGIN, "../out.php": ""}, "", "points outside it"),
    ],
)
def test_bad_archive_is_refused(tmp_path: Path, files: dict[str, str], checksum: str, message: str) -> None:
    with pytest.raises(LampctlError) as raised:
        context(archived(tmp_path, files, checksum))
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("answer", "theme", "messages"),
    [
        ("", "own", []),
        ("", "twentytwentyfive", []),
        ("theme\ttwentyten\n", "twentyten", []),
        ("theme\ttwentyten\n", "none", ["a.test: there is no theme none, in the playbook or of WordPress's own"]),
        ("core\t/usr/share/wordpress/wp-content/plugins/shop\n", "own",
         ["a.test: WordPress itself has /usr/share/wordpress/wp-content/plugins/shop"]),
        ("other\t/x/plugins/shop\n", "own", ["a.test: /x/plugins/shop exists, and lampctl did not make it"]),
    ],
)  # fmt: skip
def test_what_is_in_the_way_is_named(tmp_path: Path, answer: str, theme: str, messages: list[str]) -> None:
    plan = wanted(book(tmp_path, FIELDS.replace("theme: own", f"theme: {theme}"), FILES))
    preflight = next(one for one in plan.preflights if one.id == "site.plugins@a.test")
    found = preflight.judge(answer, Facts("debian-13"), frozenset())
    assert [problem.message for problem in found] == messages
