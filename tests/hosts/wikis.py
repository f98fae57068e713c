"""MediaWiki, DokuWiki, phpMyAdmin and Adminer as sites: how each is laid out, changed and broken."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from tests.hosts import packaged
from tests.hosts.browser import Browser
from tests.hosts.conftest import RunResult
from tests.hosts.shops import APPS, Broken, Shop
from tests.hosts.wiki_users import USERS

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
    "adminer": Known(
        "/adminer/",
        "auth[username]",
        Broken("adminer/include/adminer.inc.php", ">Adminer</a>", ">Adminer, the second</a>", ""),
        {
            "a parse error": Broken("adminer/index.php", "<?php", "<?php echo echo;", "syntax error, unexpected token"),
            "a missing class": Broken("adminer/index.php", "include", "\\Missing::now(); include", 'Class "Missing" not found'),
            "a missing file": Broken("adminer/index.php", "bootstrap", "none", "include/none.inc.php"),
            "a blank page": Broken("adminer/index.php", "include", "exit; include", "the page is blank"),
        },
        ("/adminer/include/adminer.inc.php", "/adminer/sql.inc.php", "/adminer/%73ql.inc.php"),
        ("/adminer/static/default.css", "/adminer/static/functions.js", "/externals/jush/modules/jush.js"),
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
        USERS[self.name](self, text)
