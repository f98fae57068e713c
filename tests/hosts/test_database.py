"""lampctl db: the client, dumps and loads of a site's own database."""

from __future__ import annotations

import gzip
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts import replaced
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.database import BOOK, GATE, SHOP, STATE, STORE, closed_gate, db, dump, safety, start, state, wait_for
from tests.hosts.terminal import PROMPT, terminal

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def shop(boxes: Boxes, release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host(boxes.up(f"database-{release}", release), boxes)
    book = tmp_path_factory.mktemp("database") / "site.yml"
    book.write_text(BOOK)
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 0, ran
    made = db(host, stdin=SHOP)
    assert (made.code, made.out) == (0, ""), made
    yield host
    boxes.down(host.box.name)


def test_client_prints_what_the_client_prints(shop: Host) -> None:
    ran = db(shop, "-e", "SELECT CURRENT_USER() AS who, DATABASE() AS `in`, '\U0001f600' AS x; SELECT 2")
    assert (ran.code, ran.out) == (0, "who\tin\tx\nshop_test@localhost\tshop_test\t\U0001f600\n2\n2\n")
    ran = db(shop, stdin="SELECT 1 AS a;\nSELEC;\nSELECT 3;\n")
    assert (ran.code, ran.out) == (1, "a\n1\n")
    assert "ERROR 1064 (42000) at line 2" in ran.err
    ran = db(shop, "-e", "SELECT 1", site="pages.test")
    assert (ran.code, "pages.test has no database" in ran.err) == (2, True)


def test_dump_and_load_lose_nothing(shop: Host, tmp_path: Path) -> None:
    before, file = state(shop), tmp_path / "shop.sql.gz"
    file.write_text("former")
    assert db(shop, "--dump", file).code == 0
    assert (file.stat().st_mode & 0o777, [*tmp_path.iterdir()]) == (0o600, [file])
    assert gzip.decompress(file.read_bytes()).rstrip().rpartition(b"\n")[2].startswith(b"-- Dump completed")
    assert db(shop, "-e", 'DROP TABLE `od``d "x`; UPDATE t SET body = NULL; DROP PROCEDURE p; DROP EVENT e').code == 0
    changed = db(shop, "-e", STATE.replace(', `od``d "x`', "")).out
    ran = db(shop, "--load", file)
    assert (ran.code, ran.err) == (0, ""), ran
    assert state(shop) == before
    assert f"loaded {file} into shop_test" in ran.out
    assert shop.sh(f"stat -c %a:%U {STORE} {safety(ran)}").split() == ["700:root", "600:root"]
    ran = db(shop, "--load", safety(ran))
    assert ran.code == 0, ran
    assert db(shop, "-e", STATE.replace(', `od``d "x`', "")).out != before
    assert changed.split("od`d")[0].splitlines()[2] in db(shop, "-e", STATE).out
    assert db(shop, "--load", "-", stdin=gzip.decompress(file.read_bytes()).decode("latin-1")).code == 0
    assert db(shop, "--load", file).code == 0
    assert state(shop) == before
    assert len(shop.sh(f"ls {STORE}/*.sql.gz").split()) == 3


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("INSERT INTO nowhere VALUES (1);", "error 1146 (42S02) at line LINE: Table 'shop_test.nowhere' doesn't exist"),
        (
            "USE other_test;",
            "error 1044 (42000) at line LINE: Access denied for user 'shop_test'@'localhost' to database",
        ),
        ("CREATE DATABASE x;", "error 1044 (42000) at line LINE: Access denied"),
    ],
)
def test_a_load_that_fails_changes_nothing(shop: Host, tmp_path: Path, last: str, message: str) -> None:
    before = state(shop)
    bad = "CREATE TABLE fresh (a INT); CREATE PROCEDURE p2() SELECT 1; DROP VIEW v; CREATE TABLE v (a INT); DROP TABLE log;"
    file = dump(shop, tmp_path / "bad.sql", bad, last, "DROP TABLE t;")
    ran = db(shop, "--load", file)
    line = 1 + file.read_bytes().split(b"\n").index(last.encode())
    assert ran.code == 1
    assert message.replace("LINE", str(line)) in ran.err
    assert "shop_test is as it was before" in ran.err
    assert f"lampctl db {shop.box.name} shop.test --load {safety(ran)}" in ran.err
    assert state(shop) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"CREATE DATABASE /*!32312 IF NOT EXISTS*/ `other`;\nUSE `other`;\n", "line 1 names the database other"),
        (gzip.compress(os.urandom(500_000))[:-9], "its gzip data ends early"),
        (b"PK\x03\x04xx", "it is a zip archive"),
    ],
    ids=["empty", "other", "cut", "zip"],
)
def test_what_is_no_dump_of_it_is_not_loaded(shop: Host, tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "x.sql"
    file.write_bytes(content)
    before = shop.sh(f"ls {STORE} 2>/dev/null || :")
    ran = db(shop, "--load", file)
    assert (ran.code, message in ran.err, ran.out) == (1, True, "")
    assert set(shop.sh(f"ls {STORE}").split()) - {"lock"} == set(before.split()) - {"lock"}


def test_dump_cannot_run_commands_or_read_files(shop: Host, tmp_path: Path) -> None:
    """The client knows statements that run a program, on this machine as the site's user: they are refused."""
    file = tmp_path / "evil.sql"
    for evil in ("\\! touch /var/www/shop.test/cache/evil", "system touch /var/www/shop.test/cache/evil;"):
        file.write_text(f"/*M!999999\\- enable the sandbox mode */ \nSELECT 1;\n{evil}\n")
        assert db(shop, "--load", file).code == 1
    file.write_text("CREATE TABLE s (x TEXT);\nLOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE s;\n")
    assert db(shop, "--load", file).code == 1
    assert shop.sh("ls /var/www/shop.test/cache/evil /tmp/evil 2>/dev/null || :") == ""


@pytest.mark.parametrize(
    "line", ["/*!999999\\- enable the sandbox mode */ ", "/*M!999999\\- enable the sandbox mode */ "]
)
def test_sandbox_line_is_left_out(shop: Host, tmp_path: Path, line: str) -> None:
    file = tmp_path / "newer.sql"
    file.write_text(f"{line}\n-- MariaDB dump\nDROP TABLE IF EXISTS newer;\nCREATE TABLE newer (a INT);\nnonsense;\n")
    ran = db(shop, "--load", file)
    assert (ran.code, "at line 5" in ran.err) == (1, True)
    file.write_text(file.read_text().replace("nonsense;\n", "DROP TABLE newer;\n"))
    assert db(shop, "--load", file).code == 0


def test_what_another_account_made_can_be_loaded_back(shop: Host, tmp_path: Path) -> None:
    root = (
        "CREATE VIEW w AS SELECT 1 AS a; CREATE TRIGGER r AFTER UPDATE ON t FOR EACH ROW SET @a = 1; CREATE EVENT o ON"
    )
    shop.sh(f"mariadb shop_test -e '{root} SCHEDULE EVERY 1 DAY DO SELECT 1; CREATE PROCEDURE q() SELECT 1'")
    before, file = state(shop), tmp_path / "bad.sql"
    file.write_text("DROP VIEW w;\nDROP TRIGGER r;\nDROP EVENT o;\nnonsense;\n")
    ran = db(shop, "--load", file)
    assert (ran.code, "shop_test is as it was before" in ran.err) == (1, True), ran
    assert state(shop).replace("root@", "shop_test@") == before.replace("root@", "shop_test@")
    cleared = db(shop, "-e", "DROP VIEW w; DROP TRIGGER r; DROP EVENT o; DROP PROCEDURE q")
    assert cleared.code == 0


def test_full_disk_is_found_before_anything_is_changed(shop: Host, tmp_path: Path) -> None:
    before, file = state(shop), dump(shop, tmp_path / "shop.sql", "DROP TABLE t;")
    shop.sh(f"mount -t tmpfs -o size=4k,mode=700 none {STORE}")
    try:
        ran = db(shop, "--load", file)
        assert (ran.code, f"not enough space in {STORE}" in ran.err) == (1, True)
        file.write_text("DROP TABLE t;")
        ran = db(shop, "--load", file)
        assert (ran.code, f"not enough space in {STORE}" in ran.err) == (1, True)
    finally:
        shop.sh(f"umount {STORE}")
    assert state(shop) == before


def test_ctrl_c_during_a_load_brings_back_what_was_there(shop: Host, tmp_path: Path) -> None:
    before, file = state(shop), dump(shop, tmp_path / "slow.sql", "DELETE FROM log;", "SELECT SLEEP(300);")
    running = start(shop, "--load", file)
    wait_for(shop, "SELECT SLEEP(300)")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert (running.returncode, "interrupted: shop_test is as it was before" in err) == (130, True)
    assert state(shop) == before


def test_load_whose_connection_is_lost_ends_on_the_host(shop: Host, tmp_path: Path) -> None:
    before = state(shop)
    file = dump(shop, tmp_path / "a.sql", "DELETE FROM log;", GATE, "nonsense;")
    with closed_gate(shop):
        running = start(shop, "--load", file)
        wait_for(shop, "SELECT GET_LOCK")
        running.kill()
        running.communicate()
        busy = db(shop, "--load", "-", stdin="SELECT 1;")
    assert (busy.code, "another dump is being loaded into shop_test" in busy.err) == (1, True)
    shop.sh(f"flock {STORE}/lock true")
    assert state(shop) == before


def test_a_load_that_a_power_cut_ended_is_named_by_the_next(shop: Host, tmp_path: Path) -> None:
    running = start(shop, "--load", dump(shop, tmp_path / "a.sql", "SELECT SLEEP(299);"))
    wait_for(shop, "SELECT SLEEP(299)")  # a server goes on with the one of a client that is gone
    shop.sh("pkill -KILL -f '[s]h ./main'; systemctl stop 'lampctl-task-shop.test-*'")
    running.communicate(timeout=60)
    assert running.returncode == 3
    ran = db(shop, "--load", "-", stdin="SELECT 1;")
    kept = re.findall(r"the load before this one did not end; what was there before it: (\S+)", ran.out)[0]
    assert (ran.code, shop.sh(f"gzip -dc {kept} | tail -n 1").startswith("-- Dump completed")) == (0, True)
    assert "did not end" not in db(shop, "--load", "-", stdin="SELECT 1;").out


@ON_ONE_RELEASE
def test_texts_are_replaced_or_all_is_as_it_was(shop: Host, tmp_path: Path) -> None:
    replaced.all_or_nothing(shop, tmp_path / "x.sql")
    before = replaced.interrupted(shop, tmp_path / "x.sql")
    assert state(shop) == before


def test_ctrl_c_during_a_dump_leaves_no_file(shop: Host, tmp_path: Path) -> None:
    file = tmp_path / "half.sql"
    file.write_text("former")
    shop.sh("mariadb shop_test -e 'CREATE TABLE big AS SELECT REPEAT(MD5(RAND()), 100) AS x FROM seq_1_to_30000'")
    running = start(shop, "--dump", file)
    while len([*tmp_path.iterdir()]) == 1 or max(path.stat().st_size for path in tmp_path.iterdir()) < 1 << 20:
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    shop.sh("mariadb shop_test -e 'DROP TABLE big'")
    assert (running.returncode, f"interrupted: {file} was not written" in err) == (130, True)
    assert ([*tmp_path.iterdir()], file.read_text()) == ([file], "former")


def test_password_is_in_no_list_of_processes(shop: Host, tmp_path: Path) -> None:
    password = shop.sh("sed -n 's/^env.*\"\\(.*\\)\"/\\1/p' /etc/lampctl/secrets/shop.test.conf").strip()
    file = dump(shop, tmp_path / "a.sql", GATE)
    with closed_gate(shop):
        running = start(shop, "--load", file)
        wait_for(shop, "SELECT GET_LOCK")
        seen = shop.sh(
            "ps -eo args ww; su -s /bin/sh site-other-test -c 'cat /run/credentials/*/* /proc/[0-9]*/environ' 2>/dev/null || :"
        )
    out, err = running.communicate(timeout=60)
    assert (len(password), "mariadb --defaults-file" in seen, running.returncode) == (32, True, 0), err
    assert password not in seen + out + err


def test_client_at_a_terminal(shop: Host, tmp_path: Path) -> None:
    with terminal(tmp_path) as tty:
        tty.type(f"lampctl db -F {shop.boxes.ssh_config} {shop.box.name} shop.test; echo code $?", "Enter")
        tty.wait_for(lambda shown: "[shop_test]>" in shown)
        tty.type("SELECT CONCAT('it', ' works') AS x\\;", "Enter")
        tty.wait_for(lambda shown: "| it works |" in shown)
        tty.type("exit", "Enter")
        tty.wait_for(lambda shown: "code 0" in shown and shown.rstrip().endswith(PROMPT))
        tty.type(f"lampctl db -F {shop.boxes.ssh_config} {shop.box.name} shop.test -e 'SELECT 5 AS n'", "Enter")
        tty.wait_for(lambda shown: "| n |" in shown and shown.rstrip().endswith(PROMPT))
    assert shop.sh("ls -a /var/www/shop.test/cache | grep history || :") == ""
