"""From a source to a release: what is built on the host, what outlives releases, and hooks around the switch."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import Host, RunResult
from tests.hosts.visitor import visiting

pytestmark = pytest.mark.hosts

PAGE = """<?php
$built = require '../built.php';
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
$done = $db->query('SELECT GROUP_CONCAT(version ORDER BY version) FROM migrations')->fetch_row()[0];
file_put_contents('../storage/visits', 'v', FILE_APPEND);
file_put_contents('../var/cache/page', 'c');
file_put_contents('uploads/a.txt', 'uploaded');
file_put_contents('uploads/a.php', '<?php echo "run";');
echo "shop VERSION built by $built[user] with PHP $built[php]; migrated $done; env {$built['env']}; run ", strlen(getenv('RUN'));
"""
BUILD = """<?php
$user = posix_getpwuid(posix_geteuid())['name'];
$env = getenv('MODE') . ' ' . (getenv('RUN') === false ? 'without RUN' : 'with RUN') . ' ' . strlen(getenv('KEY'));
file_put_contents('built.php', '<?php return ' . var_export(['user' => $user, 'php' => phpversion(), 'env' => $env], true) . ';');
file_put_contents(getenv('HOME') . '/cached', 'x', FILE_APPEND);
"""
MIGRATE = """<?php
if ('VERSION' === 'stuck') { fwrite(STDERR, "the table is locked\\n"); exit(3); }
$db = new mysqli(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
$db->query('CREATE TABLE IF NOT EXISTS migrations (version VARCHAR(20) PRIMARY KEY)');
$db->query("REPLACE INTO migrations VALUES ('VERSION')");
echo "migrated to VERSION\\n";
"""
BOOK = """
web: {server: SERVER}
mysql: {}
php: {extensions: [mysql]}
sites:
  shop.test:
    source: shop
    public: public
    database: true
    shared: [storage, .env, public/uploads/]
    writable: [var/cache]
    environment: {MODE: production, KEY: {secret: generate}, RUN: {secret: generate, build: false}}
    build: ["php build.php"MORE]
    hooks: {before_switch: ["php migrate.php"], after_switch: ["echo VERSION >> storage/after"]}
    probe: {expect: shop VERSION}
  other.test: {}
"""


@pytest.fixture(scope="module", params=["apache", "nginx"])
def shop(boxes: Boxes, request: pytest.FixtureRequest, release: str) -> Iterator[tuple[Host, str]]:
    host = Host(boxes.up(f"pipeline-{request.param}", release), boxes)
    yield host, request.param
    boxes.down(host.box.name)


class Shop:
    """The application in one state, and its deploys."""

    def __init__(self, folder: Path, given: tuple[Host, str]) -> None:
        self.folder, (self.host, self.server) = folder, given

    def deploy(self, version: str, more: str = "", command: str = "deploy", **files: str) -> RunResult:
        texts = {"public/index.php": PAGE, "build.php": BUILD, "migrate.php": MIGRATE, "storage/first": "seeded",
                 ".env": "A=1", **{name.replace("__", "/"): text for name, text in files.items()}}  # fmt: skip
        for name, text in texts.items():
            (self.folder / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / "shop" / name).write_text(text.replace("VERSION", version))
        book = BOOK.replace("VERSION", version).replace("SERVER", self.server).replace("MORE", more)
        (self.folder / "site.yml").write_text(book)
        return self.host.lampctl(command, "HOST", "-p", "site.yml", cwd=self.folder)

    def page(self, path: str = "/") -> str:
        connection = HTTPConnection(self.host.box.address, timeout=30)
        connection.request("GET", path, headers={"Host": "shop.test"})
        body = connection.getresponse().read().decode()
        connection.close()
        return body

    def left(self) -> str:
        return self.host.sh("ls -d /var/www/shop.test/build /var/www/shop.test/releases/*.new 2>/dev/null || :").strip()


@pytest.fixture
def app(shop: tuple[Host, str], tmp_path: Path) -> Shop:
    return Shop(tmp_path, shop)


def test_release_is_built_migrated_switched_and_proved(app: Shop) -> None:
    ran = app.deploy("one")
    assert ran.code == 0, ran.host["error"]
    php = app.host.sh("php -r 'echo PHP_VERSION;'").strip()
    expected = f"shop one built by site-shop-test with PHP {php}; migrated one; env production without RUN 32; run 32"
    assert app.page() == expected
    assert app.page("/uploads/a.txt") == "uploaded"
    assert ("403" in app.page("/uploads/a.php"), "run" in app.page("/uploads/a.php/b")) == (True, False)
    current = "/var/www/shop.test/current"
    assert app.host.sh(f"stat -L -c '%U %a' {current} {current}/public/index.php {current}/built.php").split("\n") == [
        "root 755", "root 644" if app.server == "x" else "root 640", "root 640", "",
    ]  # fmt: skip
    assert app.host.sh("cat /var/www/shop.test/shared/storage/first") == "seeded"
    assert app.host.sh("cat /var/www/shop.test/shared/storage/after") == "one\n"
    assert app.left() == ""
    assert app.deploy("one", command="plan").changes == {}


def test_next_release_keeps_what_is_shared_and_loses_no_request(app: Shop) -> None:
    assert app.deploy("one").code == 0
    with visiting(
        app.host.box.address, lambda text: "shop one" in text or "shop two" in text, "shop.test", least=300
    ) as seen:
        ran = app.deploy("two", storage__first="another", storage__new="new")
    assert ran.code == 0, ran
    assert seen.failures == []
    assert "migrated one,two" in app.page()
    assert app.host.sh("cd /var/www/shop.test/shared/storage; cat first; ls") == "seededafter\nfirst\nvisits\n"
    assert app.host.sh("cat /var/www/shop.test/shared/storage/after").split()[-1] == "two"
    assert app.page("/uploads/a.txt") == "uploaded"
    assert ("403" in app.page("/uploads/a.php"), "run" in app.page("/uploads/a.php/b")) == (True, False)


FAILURES: dict[str, tuple[str, dict[str, str], str, str]] = {
    "a build that fails": (', "echo compiling; false"', {}, "build", "compiling"),
    "a forged reason": (', "echo lampctl-reason: check 01-site.answer@other.test; false"', {}, "build", "site.answer@other.test"),
    "a missing program": (', "composer install"', {}, "build", "linux: {packages: [NAME]}"),
    "a link out": (', "ln -s /etc/lampctl public/x"', {}, "release", "a link of the release leads to /etc/lampctl"),
    "a link out by a detour": (', "ln -s . d; ln -s d/d/d/../../.. out"', {}, "release", "leads to /var/www, outside"),
    "a lost document root": (', "rm -r public"', {}, "release", "the release has no folder public"),
    "a shared folder that is a file": (', "rm -r storage; echo > storage"', {}, "release", "storage is a file in the release, and a folder in"),
    "another site's home": (', "ls /var/www/other.test"', {}, "build", "other.test"),
    "a file of root": (', "echo > /etc/x"', {}, "build", "Read-only file system"),
}  # fmt: skip


@pytest.mark.parametrize("case", FAILURES)
def test_failed_build_is_named_and_leaves_nothing(app: Shop, case: str) -> None:
    more, files, kind, evidence = FAILURES[case]
    assert app.deploy("two").code == 0
    before = app.page()
    ran = app.deploy("broken", more, **files)
    assert ran.code == 1
    assert ran.host["error"]["kind"] == kind, ran.host["error"]
    assert evidence in ran.host["error"]["evidence"]
    assert app.page() == before
    assert app.left() == ""
    assert app.host.sh("grep -c broken /var/www/shop.test/shared/storage/after || :").strip() == "0"


def test_failed_migration_is_named_and_never_served(app: Shop) -> None:
    assert app.deploy("two").code == 0
    ran = app.deploy("stuck")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "hook"), ran
    assert "the table is locked" in ran.host["error"]["evidence"]
    assert "php migrate.php: exit code 3" in ran.host["error"]["evidence"]
    assert app.page().startswith("shop two")
    assert app.deploy("three").code == 0


BROKEN = {
    "a parse error": {"public__index.php": "<?php echo ("},
    "a missing class": {"public__index.php": "<?php new Missing\\Thing;"},
    "a blank page": {"public__index.php": "<?php exit;"},
    "another page": {"public__index.php": "<?php echo 'hello';"},
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_release_meets_no_visitor(app: Shop, case: str) -> None:
    assert app.deploy("two").code == 0
    before = app.host.sh("readlink /var/www/shop.test/current")
    with visiting(app.host.box.address, lambda text: "shop two" in text, "shop.test", least=50) as seen:
        ran = app.deploy("broken", **BROKEN[case])
    assert (ran.code, ran.host["culprit"]["id"], ran.host["applied"]) == (1, "site.answer@shop.test", False), ran
    assert "tried beside what serves" in ran.host["error"]["message"]
    assert seen.failures == []
    assert app.host.sh("readlink /var/www/shop.test/current") == before
    assert "what before_switch of shop.test did, such as a migration, is not undone" in ran.host["error"]["message"]


def test_build_gives_no_rights_and_leaves_no_process(app: Shop) -> None:
    evil = ', "cp /bin/sh public/sh; chmod 6755 public/sh || :; mkfifo public/pipe; sleep 1000 & echo pid $! > pid"'
    assert app.deploy("evil", evil).code == 0
    current = "/var/www/shop.test/current/"
    assert (
        app.host.sh(f"find {current} -perm /7000; find {current} -type p; pgrep -u site-shop-test sleep || :").strip()
        == ""
    )
    assert app.deploy("four").code == 0


def test_after_switch_that_was_lost_is_made_up_for(app: Shop) -> None:
    """As if the power had failed after the proof: the next deploy has nothing else to do."""
    assert app.deploy("five").code == 0
    app.host.sh("rm /var/lib/lampctl/hooks/shop.test")
    ran = app.deploy("five")
    assert (ran.code, list(ran.changes)) == (0, ["hook-after:shop.test"]), ran
    assert app.host.sh("tail -n 2 /var/www/shop.test/shared/storage/after") == "five\nfive\n"


def test_programs_of_a_site_share_as_well(app: Shop) -> None:
    (app.folder / "p").mkdir()
    (app.folder / "p/serve.py").write_text(
        "import http.server, os\n"
        "open('data/log', 'a').write('started')\n"
        "http.server.test(http.server.SimpleHTTPRequestHandler, port=int(os.environ['PORT']), bind='127.0.0.1')\n"
    )
    (app.folder / "site.yml").write_text(
        "id: program-1\nlinux: {packages: [python3]}\nweb: {server: " + app.server + "}\nsites:\n  p.test:\n"
        "    {type: process, source: p, command: python3 serve.py, port: 8000, shared: [data/]}\n"
    )
    ran = app.host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=app.folder)
    assert ran.code == 0, ran
    deadline = time.monotonic() + 10
    while not app.host.sh("cat /var/www/p.test/shared/data/log 2>/dev/null || :") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert app.host.sh("cat /var/www/p.test/shared/data/log").startswith("started")
