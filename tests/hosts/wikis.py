"""MediaWiki, DokuWiki and phpMyAdmin as sites: how each is laid out, changed, broken and used."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from tests.hosts import packaged
from tests.hosts.browser import Browser
from tests.hosts.conftest import RunResult
from tests.hosts.shops import APPS, Broken, Shop

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0f01f0005000101ff27d9fcaa"
    "0000000049454e44ae426082"
)
_MIGRATION = (
    "$wgHooks['LoadExtensionSchemaUpdates'][] = fn ( $u ) => $u->getDB()->query( 'ALTER TABLE none_such ADD x INT' );"
)


@dataclass(frozen=True)
class Known:
    """What differs between the applications.

    Attributes:
        first: The page that visitors request.
        title: A text of it.
        renewed: A change that it shows.
        closed: Paths that nobody may read.
        open: Further paths that a browser requests, such as scripts and styles.
    """

    first: str
    title: str
    renewed: Broken
    broken: Mapping[str, Broken]
    closed: tuple[str, ...]
    open: tuple[str, ...]


KNOWN = {
    "mediawiki": Known(
        "/wiki/Main_Page",
        "Atlas",
        Broken("LocalSettings.php", "'Atlas'", "'Atlas, the second'", ""),
        {
            "a parse error": Broken("LocalSettings.php", "<?php", "<?php echo echo;", "syntax error, unexpected token"),
            "a missing class": Broken("index.php", "wfEntry", "Missing::now(); wfEntry", 'Class "Missing" not found'),
            "a failing migration": Broken("LocalSettings.php", "<?php", f"<?php {_MIGRATION}", "none_such' doesn't exist"),
            "a blank page": Broken("index.php", "wfEntry", "exit; wfEntry", "the page is blank"),
            "wrong settings": Broken("LocalSettings.php", "getenv( 'DB_PASSWORD' )", "'x'", "Access denied for user"),
        },
        ("/LocalSettings.php", "/cache/", "/images/a.php", "/includes/Setup.php", "/maintenance/run.php", "/composer.json",
         "/mw-config/index.php", "/vendor/autoload.php"),
        ("/load.php?modules=startup&only=scripts&raw=1", "/rest.php/v1/page/Main_Page",
         "/resources/assets/poweredby_mediawiki.svg"),
    ),
    "dokuwiki": Known(
        "/doku.php/wiki:welcome",
        "Atlas",
        Broken("conf/local.protected.php", "'Atlas'", "'Atlas, the second'", ""),
        {
            "a parse error": Broken("inc/init.php", "<?php", "<?php echo echo;", "syntax error, unexpected token"),
            "a missing class": Broken("doku.php", "if (!defined", "Missing::now(); if (!defined", 'Class "Missing" not found'),
            "a failing migration": Broken("prepare.php", "<?php", "<?php exit(3);", "php prepare.php: exit code 3"),
            "a blank page": Broken("doku.php", "if (!defined", "exit; if (!defined", "the page is blank"),
            "wrong settings": Broken("conf/local.protected.php", "./data", "./none", "DokuWiki Setup Error"),
        },
        ("/data/pages/wiki/welcome.txt", "/data", "//data/", "/%64ata/pages/wiki/welcome.txt", "/DATA/meta/",
         "/lib/../data/pages/wiki/welcome.txt", "/data%2Fpages/wiki/welcome.txt", "/doku.php/../data/pages/wiki/welcome.txt",
         "/conf/users.auth.php", "/conf/acl.auth.php/x", "/conf/mime.conf", "/inc/init.php", "/bin/dwpage.php",
         "/vendor/autoload.php", "/prepare.php", "/VERSION", "/.htaccess.dist"),
        ("/lib/exe/css.php", "/lib/exe/js.php", "/lib/exe/jquery.php", "/lib/tpl/dokuwiki/images/logo.png", "/feed.php"),
    ),
    "phpmyadmin": Known(
        "/",
        "pma_username",
        Broken("templates/login/header.twig", "<h1>", "<h1>The second: ", ""),
        {
            "a parse error": Broken("index.php", "if (!", "echo echo; if (!", "syntax error, unexpected token"),
            "a missing class": Broken("index.php", "if (!", "Missing::now(); if (!", 'Class "Missing" not found'),
            "a blank page": Broken("index.php", "if (!", "exit; if (!", "the page is blank"),
            "wrong settings": Broken("config.inc.php", "'cookie'", "'none'", "without 'pma_username'"),
        },
        ("/config.inc.php", "/libraries/vendor_config.php", "/templates/login/form.twig", "/tmp/", "/sql/create_tables.sql"),
        ("/js/vendor/jquery/jquery.min.js", "/js/vendor/bootstrap/bootstrap.bundle.min.js", "/js/dist/common.js",
         "/themes/pmahomme/jquery/jquery-ui.css", "/js/messages.php"),
    ),
}  # fmt: skip


@dataclass
class Wiki(Shop):
    """One of them. `changed`: files of its source that are not the original ones now."""

    changed: set[str] = field(default_factory=set)

    @property
    def known(self) -> Known:
        return KNOWN[self.name]

    def original(self) -> None:
        source = self.folder / "shop"
        if not source.exists():
            packaged.lay_out(self.host, self.name, source)
            shutil.copytree(APPS / self.name, source, dirs_exist_ok=True)
        for file in self.changed:
            shutil.copy(self.folder / "kept" / file, source / file)
        self.changed.clear()

    def change(self, file: str, text: str, new: str) -> None:
        path, kept = self.folder / "shop" / file, self.folder / "kept" / file
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept)
        self.changed.add(file)
        before = path.read_text()
        assert text in before, file
        path.write_text(before.replace(text, new, 1))

    def deploy(self, worker: str = "", environment: str = "") -> RunResult:  # noqa: ARG002 -- it has no worker
        book = yaml.safe_load((APPS / f"{self.name}.yml").read_text())
        book["web"] = {"server": self.server}
        if environment:
            book["sites"][self.site].setdefault("environment", {}).update(yaml.safe_load(f"{{{environment}}}"))
        (self.folder / "site.yml").write_text(yaml.safe_dump(book))
        return self.lampctl("deploy")

    def lampctl(self, command: str, *args: str) -> RunResult:
        return self.host.lampctl(command, "HOST", "-p", str(self.folder / "site.yml"), *args)

    def variable(self, name: str) -> str:
        """A variable of the site's environment, as its operator reads it."""
        ran = self.host.everyday("run", self.site, "--", "printenv", name)
        assert ran.code == 0, ran
        return ran.out.strip()

    def browser(self) -> Browser:
        return Browser(self.host.box.address, self.site)

    def use(self, text: str) -> None:
        """Log in, and use it as its users do: what is written is read again."""
        {"mediawiki": _edit_mediawiki, "dokuwiki": _edit_dokuwiki, "phpmyadmin": _query}[self.name](self, text)


def _edit_mediawiki(wiki: Wiki, text: str) -> None:
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


def _edit_dokuwiki(wiki: Wiki, text: str) -> None:
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


def _query(wiki: Wiki, text: str) -> None:
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
