"""lampctl db --load --replace: what is replaced, and what a failure or Ctrl-C leaves."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from tests.hosts.conftest import Host
from tests.hosts.database import GATE, closed_gate, db, dump, start, state

# In a table with a key of two types, and in one without.
REPLACED = """
DROP TABLE IF EXISTS `k``y`, keyless;
CREATE TABLE `k``y` (n BIGINT UNSIGNED, k VARCHAR(9) CHARACTER SET latin1, b BLOB, t VARCHAR(12) CHARACTER SET latin1,
    low VARCHAR(12) AS (UPPER(t)), at TIMESTAMP DEFAULT '2020-01-02 03:04:05' ON UPDATE CURRENT_TIMESTAMP, PRIMARY KEY (n, k));
INSERT INTO `k``y` (n, k, b, t) VALUES (18446744073709551614, 'a', 'old', 'ü old'), (18446744073709551615, 'it''s\n', NULL, 's:3:"old";'),
    (1, 'OLD', '', 's:4:"old";'), (2, 'c', '', NULL);
CREATE TABLE keyless (t TEXT, n INT) ENGINE=MyISAM;
INSERT INTO keyless VALUES ('old', 1), ('older', 2), ('it', NULL);
"""
REPLACED_ROWS = """n\tk\tb\tt\tlow\tat
1\tOLD\t\ts:4:"old";\tS:4:"OLD";\t2020-01-02 03:04:05
2\tc\t\tNULL\tNULL\t2020-01-02 03:04:05
18446744073709551614\ta\told\tü older\tÜ OLDER\t2020-01-02 03:04:05
18446744073709551615\tit's\\n\tNULL\ts:5:"older";\tS:5:"OLDER";\t2020-01-02 03:04:05
t
old
older
it
"""
ROWS = "SELECT * FROM `k``y` ORDER BY n; SELECT t FROM keyless"


def all_or_nothing(shop: Host, path: Path) -> None:
    file = dump(shop, path, REPLACED)
    ran = db(shop, "--load", file, "--replace", "old", "--with", "older")
    assert (ran.code, ran.err) == (0, ""), ran
    assert re.findall("^replaced .*", ran.out, re.M) == [
        "replaced in k`y: 2 rows; 1 value left: serialized data that can't be read",
        "replaced in keyless: 0 rows; 2 rows left: the table has no key, and the new text contains the old one",
    ]
    assert db(shop, "-e", ROWS).out == REPLACED_ROWS
    before = state(shop)
    ran = db(shop, "--load", file, "--replace", "old", "--with", "much longer")
    assert (ran.code, "x.sql was loaded, but the replacement failed: error 1406 (22001)" in ran.err) == (1, True), ran
    assert ("shop_test is as it was before" in ran.err, state(shop)) == (True, before)
    assert db(shop, "-e", ROWS + "; DROP TABLE `k``y`, keyless").out == REPLACED_ROWS


def interrupted(shop: Host, path: Path) -> str:
    """The state before. The statement waits at the gate until the host waits for it with the safety dump."""
    slow = f"CREATE TRIGGER slow BEFORE UPDATE ON log FOR EACH ROW SET @x = ({GATE[:-1]});"
    file = dump(shop, path, "INSERT INTO log (what) VALUES ('old');", slow)
    before = state(shop)
    waiting = 'until mariadb -NBe "SHOW PROCESSLIST" | grep -q "%s"; do sleep 0.1; done'
    with closed_gate(shop):
        running = start(shop, "--load", file, "--replace", "old", "--with", "new")
        shop.sh(waiting % "User lock")
        running.send_signal(signal.SIGINT)
        shop.sh(waiting % "table metadata lock")
    _, err = running.communicate(timeout=60)
    assert (running.returncode, "interrupted: shop_test is as it was before" in err) == (130, True)
    return before
