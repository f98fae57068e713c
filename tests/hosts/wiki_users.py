"""What the users of MediaWiki, DokuWiki, phpMyAdmin and Adminer do with them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol

from tests.hosts.browser import Browser
from tests.hosts.conftest import Host

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0f01f0005000101ff27d9fcaa"
    "0000000049454e44ae426082"
)


class Used(Protocol):
    """An application that is used."""

    host: Host
    site: str

    def browser(self) -> Browser: ...
    def variable(self, name: str) -> str: ...
    def page(self, path: str) -> str: ...


def _edit_mediawiki(wiki: Used, text: str) -> None:
    """Edit pages, one with a name that a file's rules would deny, and upload an image."""
    browser = wiki.browser()

    def ask(files: Mapping[str, tuple[str, bytes]] | None = None, **fields: str) -> Any:
        return json.loads(browser.post("/api.php", {"format": "json", **fields}, files).text)

    token = ask(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
    password = wiki.variable("WIKI_PASSWORD")
    done = ask(action="login", lgname="Admin", lgpassword=password, lgtoken=token)
    assert done["login"]["result"] == "Success", done
    token = ask(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
    for title, path in {
        "Main Page": "Main_Page",
        ".NET/a.sql": ".NET/a.sql",
        "Index.php": "Index.php",
        "C++?": "C%2B%2B%3F",
    }.items():
        done = ask(action="edit", title=title, text=f"{title} says {text}", token=token)
        assert done["edit"]["result"] == "Success", done
        assert f"{title} says {text}" in wiki.page(f"/wiki/{path}")
    done = ask({"file": ("Dot.png", PNG)}, action="upload", filename=f"{text}.png", ignorewarnings="1", token=token)
    assert done["upload"]["result"] == "Success", done
    url = done["upload"]["imageinfo"]["url"].removeprefix(f"http://{wiki.site}")
    assert re.match("/images/.*png", url)
    assert wiki.page(url).startswith("HTTP/1.1 200")
    ran = wiki.host.everyday("run", wiki.site, "--", "php", "maintenance/run.php", "showSiteStats")
    assert (ran.code, "Number of images" in ran.out) == (0, True), ran


def _edit_dokuwiki(wiki: Used, text: str) -> None:
    """Edit a page, find it by the index, and upload an image."""
    browser, page, word = wiki.browser(), f"/doku.php/notes:{text}.log", f"zebra{text.replace('-', '')}"
    start = browser.get("/doku.php/start?do=login")
    login = {
        "sectok": start.hidden("sectok"),
        "id": "start",
        "do": "login",
        "u": "admin",
        "p": wiki.variable("WIKI_PASSWORD"),
    }
    assert "do=logout" in browser.post("/doku.php/start", login).text
    form = browser.get(f"{page}?do=edit")
    names = ("sectok", "id", "rev", "date", "prefix", "suffix", "changecheck", "target")
    fields = {name: form.hidden(name) for name in names}
    browser.post(page, {**fields, "wikitext": f"====== {text} ======\nby {word}", "do[save]": "1"})
    assert word in browser.get(page).text
    assert browser.get(f"/lib/exe/taskrunner.php?id=notes:{text}.log").status == 200  # as each page's last image does
    assert f"notes:{text}.log" in browser.get(f"/doku.php/start?do=search&q={word}").text
    media = browser.get("/lib/exe/mediamanager.php?ns=wiki")
    fields = {"sectok": media.hidden("sectok"), "ns": "wiki", "do": "upload", "mediaid": f"{text}.png", "ow": "1"}
    assert "Upload successful" in browser.post("/lib/exe/mediamanager.php", fields, {"upload": ("a.png", PNG)}).text
    assert "PNG" in browser.get(f"/lib/exe/fetch.php/wiki:{text}.png").text[:10]


def _query(wiki: Used, text: str) -> None:
    """Log in to the site's database as the site's user; make a table and read it."""
    browser = wiki.browser()
    form = browser.get("/")
    names = ("set_session", "token")
    given = {name: form.hidden(name) for name in names}
    login = {"pma_username": wiki.variable("DB_USER"), "pma_password": wiki.variable("DB_PASSWORD"), "server": "1"}
    inside = browser.post("/index.php?route=/", {**given, **login})
    asked = {"db": wiki.variable("DB_NAME"), "token": inside.hidden("token"), "ajax_request": "true"}
    table = f"`t {text}`"
    for sql in (f"CREATE TABLE {table} (note TEXT)", f"INSERT INTO {table} VALUES (CONCAT('said by ', '{text}'))"):
        done = json.loads(browser.post("/index.php?route=/import", {**asked, "sql_query": sql}).text)
        assert done["success"], done
    done = json.loads(browser.post("/index.php?route=/sql", {**asked, "sql_query": f"SELECT * FROM {table}"}).text)
    assert (done["success"], f"said by {text}" in done["message"]) == (True, True), done


def _query_with_adminer(wiki: Used, text: str) -> None:
    """Log in to the site's database as the site's user; make a table and read it."""
    browser = wiki.browser()
    user, database = wiki.variable("DB_USER"), wiki.variable("DB_NAME")
    login = {"driver": "server", "server": "localhost", "username": user, "db": database}
    given = {f"auth[{name}]": value for name, value in {**login, "password": wiki.variable("DB_PASSWORD")}.items()}
    assert database in browser.post("/adminer/", given).text
    path = f"/adminer/?server=localhost&username={user}&db={database}&sql="
    table = f"`t {text}`"
    sql = f"CREATE TABLE {table} (note TEXT); INSERT INTO {table} VALUES (CONCAT('said by ', '{text}')); SELECT * FROM {table}"
    done = browser.post(path, {"query": sql, "limit": "", "token": browser.get(path).hidden("token")})
    assert f"said by {text}" in done.text


USERS = {
    "mediawiki": _edit_mediawiki,
    "dokuwiki": _edit_dokuwiki,
    "phpmyadmin": _query,
    "adminer": _query_with_adminer,
}
