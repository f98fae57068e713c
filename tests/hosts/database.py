"""A shop with a database in which is everything that a dump could lose, and lampctl db on it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.hosts.conftest import Host, RunResult

BOOK = """
extends: lemp
sites:
  shop.test: {database: true}
  other.test: {database: true}
  pages.test: {type: static}
"""
STORE = "/var/lib/lampctl/dumps/shop.test"
# Everything that a dump could lose: bytes, four-byte characters, names, bits, triggers, routines, events, views.
SHOP = """
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), body LONGBLOB, b BIT(5), g POINT, d DATETIME(6));
CREATE TABLE log (id INT PRIMARY KEY AUTO_INCREMENT, what TEXT);
CREATE TABLE `od``d "x` (a INT, FOREIGN KEY (a) REFERENCES t(id));
INSERT INTO t (name, b) VALUES ('\u00fc\u20ac\U0001f600 it''s "q" \\\\ back\\r\\n', b'10101');
INSERT INTO t (name, body, g, d) VALUES ('all', 0xBYTES, POINT(1, 2), '2026-01-02 03:04:05.123456');
CREATE VIEW v AS SELECT id, name FROM t;
DELIMITER ;;
CREATE TRIGGER tr AFTER INSERT ON t FOR EACH ROW BEGIN INSERT INTO log (what) VALUES (NEW.id); SET @x = 1; END;;
CREATE PROCEDURE p(IN n INT) BEGIN DECLARE i INT DEFAULT n; INSERT INTO log (what) VALUES ('\u00fc'); END;;
CREATE FUNCTION f() RETURNS VARCHAR(20) DETERMINISTIC RETURN '\u00fc';;
DELIMITER ;
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM log WHERE id < 0;
INSERT INTO t (name) VALUES ('logged');
""".replace("BYTES", bytes(range(256)).hex())
STATE = """
CHECKSUM TABLE t, log, `od``d "x`;
SELECT HEX(name), HEX(body), HEX(b), ST_AsText(g), d FROM t ORDER BY id; SELECT * FROM log ORDER BY id; SELECT * FROM v;
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1;
SELECT routine_name, routine_definition, definer FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 1;
SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = DATABASE();
SELECT event_name, event_definition, status FROM information_schema.events WHERE event_schema = DATABASE();
"""


def db(host: Host, *words: str | Path, site: str = "shop.test", stdin: str = "") -> RunResult:
    return host.everyday("db", site, *map(str, words), stdin=stdin)


def state(host: Host) -> str:
    """All that is in the database. What a statement prints is what the client prints."""
    ran = db(host, "-e", STATE)
    assert (ran.code, ran.err) == (0, "")
    assert "tr\t" in ran.out
    return ran.out


def dump(host: Host, path: Path, *more: str) -> Path:
    """A dump, with more statements at its end."""
    ran = db(host, "--dump", path)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    with path.open("a") as file:
        file.write("\n".join(more))
    return path


def safety(ran: RunResult) -> str:
    found: list[str] = re.findall(rf"^safety dump: ({STORE}/\S+)$", ran.out, re.M)
    return found[0]


def start(host: Host, *words: str | Path) -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("lampctl"))
    argv = [program, "db", "-F", str(host.boxes.ssh_config), host.box.name, "shop.test", *map(str, words)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# A statement of a dump that waits as long as a test wants.
GATE = "SELECT GET_LOCK('gate', 300);"


@contextmanager
def closed_gate(host: Host) -> Iterator[None]:
    host.sh("""systemd-run -q --collect mariadb -e "SELECT GET_LOCK('gate', 0); SELECT SLEEP(301)"
    until [ "$(mariadb -NBe "SELECT IS_FREE_LOCK('gate')")" = 0 ]; do sleep 0.1; done""")
    yield
    host.sh("""mariadb -NBe "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist
        WHERE info LIKE 'SELECT SLEEP(301)%'" | mariadb""")


def wait_for(host: Host, statement: str) -> None:
    ask = f"mariadb -NBe \"SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '{statement}%'\""
    host.sh(f'until [ "$({ask})" != 0 ]; do sleep 0.1; done')
