"""lampctl logs: all layers of a host's sites merged by time, behind each web server, followed, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.terminal import PROMPT, terminal

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

# Its clock is that of no host here, and it does not say so.
INDEX = r"""<?php
error_log("page asked \e[31mred\e[2J");
date_default_timezone_set('Asia/Kolkata');
$line = date('[Y-m-d H:i:s]') . " production.ERROR: boom {$_SERVER['QUERY_STRING']}\n#0 trace\n";
file_put_contents('../storage/app.log', $line, FILE_APPEND);
echo 'shop';
"""
BOOK = """
extends: BOOK
sites:
  shop.test:
    source: shop
    public: public
    shared: [storage/]
    logs: [storage/app.log]
    workers: {queue: {command: sh -c 'while :; do echo worked; sleep 1; done'}}
  pages.test: {type: static}
"""
# What a command leaves behind, apart from this shell.
LEFT = "pgrep -fa 'logs[.]pl|[j]ournalctl|Prints the last lines' | grep -v pgrep; ls -d /run/lampctl.* 2>/dev/null || :"


@pytest.fixture(scope="module", params=["lamp", "front"])
def book(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shop(boxes: Boxes, release: str, book: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host(boxes.up("logs", release), boxes)
    folder = tmp_path_factory.mktemp("logs")
    (folder / "shop/public").mkdir(parents=True)
    (folder / "shop/public/index.php").write_text(INDEX)
    (folder / "site.yml").write_text(BOOK.replace("BOOK", book))
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=folder)
    assert ran.code == 0, ran
    yield host
    boxes.down(host.box.name)


def visit(host: Host, path: str, site: str = "shop.test") -> None:
    request = urllib.request.Request(f"http://{host.box.address}{path}", headers={"Host": site})
    with suppress(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=10).read()


def rows(ran: RunResult) -> list[dict[str, Any]]:
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


def sources(found: list[dict[str, Any]], text: str) -> set[tuple[str, str]]:
    return {(row["site"], row["source"]) for row in found if text in row["line"]}


def access(book: str) -> set[str]:
    return {"lamp": {"access"}, "front": {"nginx:access", "apache2:access"}}[book]


def test_one_request_in_all_layers(shop: Host, book: str) -> None:
    now = int(shop.sh("sleep 1.1; date +%s"))
    visit(shop, "/?one=1")
    visit(shop, "/nowhere", "pages.test")
    found = rows(shop.lampctl("logs", "HOST", "--since", "1h"))
    assert {source for site, source in sources(found, "/?one=1")} == access(book)
    assert ("shop.test", "php") in sources(found, "page asked")
    assert sources(found, "boom one=1") == {("shop.test", "app:app.log")}
    assert ("shop.test", "worker:queue") in sources(found, "worked")
    assert {site for site, _ in sources(found, "/nowhere")} == {"pages.test"}
    assert {(None, "mariadb")} <= {(row["site"], row["source"]) for row in found}
    times = [row["time"] for row in found]
    assert times == sorted(times)
    at = next(number for number, row in enumerate(found) if "boom one=1" in row["line"])
    assert found[at + 1] == {**found[at], "line": "#0 trace"}
    since = rows(shop.lampctl("logs", "HOST", "shop.test", "--since", shop.sh(f"date -u -d @{now} +%FT%TZ").strip()))
    assert access(book) | {"php", "app:app.log"} <= {row["source"] for row in since}
    assert {row["site"] for row in since} == {"shop.test"}
    assert not any("/nowhere" in row["line"] for row in since)


def test_the_last_lines_as_text(shop: Host) -> None:
    visit(shop, "/?two=2")
    ran = shop.everyday("logs", "shop.test", "-n", "20")
    lines = ran.out.splitlines()
    assert (ran.code, ran.err, len(lines)) == (0, "", 20)
    [line] = [line for line in lines if "boom two=2" in line]
    assert line.split()[2] == "app:app.log"
    assert "\x1b" not in ran.out
    assert "page asked red\ufffd[2J" in ran.out


# As after two nights of logrotate: of the web server's log, and of the application's, in its own time zone.
ROTATED = """
day() { date -u -d "$1 days ago" "+$2"; }
for log in /var/log/*/shop.test.access.log; do
    for age in 1 2 3; do
        printf '1.2.3.4 - - [%s] "GET /night%s HTTP/1.1" 200 2\\n' "$(day $age '%d/%b/%Y:%T +0000')" "$age" > "$log.$age"
    done
done
log=/var/www/shop.test/shared/storage/app.log
for age in 1 2 3; do TZ=Asia/Kolkata date -d "$age days ago" "+[%F %T] production.ERROR: night$age" > "$log.$age"; done
for log in /var/log/*/shop.test.access.log "$log"; do
    for age in 1 2 3; do touch -d "$age days ago" "$log.$age"; done
    gzip "$log.2" "$log.3"
done
"""


def test_rotated_logs_are_read_as_far_back_as_the_time(shop: Host, book: str) -> None:
    visit(shop, "/?today=1")
    shop.sh(ROTATED)
    for since, nights in (("12h", set()), ("36h", {1}), ("60h", {1, 2}), ("4d", {1, 2, 3})):
        found = rows(shop.lampctl("logs", "HOST", "shop.test", "--since", since))
        read = {night: {source for _, source in sources(found, f"night{night}")} for night in (1, 2, 3)}
        assert read == {night: access(book) | {"app:app.log"} if night in nights else set() for night in read}
        assert {source for _, source in sources(found, "today=1")} >= access(book)
        times = [row["time"] for row in found]
        assert times == sorted(times)
    shop.sh("rm /var/log/*/shop.test.access.log.* /var/www/shop.test/shared/storage/app.log.*")


def test_a_tenant_s_path_leads_nowhere(shop: Host) -> None:
    shop.sh("""cd /var/www/shop.test/shared/storage; mv app.log kept
        echo secret-of-root > /root/secret.log; chmod 600 /root/secret.log; setpriv --reuid=site-shop-test --regid=site-shop-test --clear-groups \\
        ln -s /root/secret.log app.log; chmod 755 /root""")
    try:
        assert "secret-of-root" not in shop.everyday("logs", "shop.test").out
        shop.sh("cd /var/www/shop.test/shared/storage; rm app.log; mkfifo app.log")
        assert shop.everyday("logs", "shop.test", "-n", "1").code == 0
    finally:
        shop.sh("cd /var/www/shop.test/shared/storage; rm -f app.log; mv kept app.log; chmod 700 /root")


def test_a_site_that_there_is_not(shop: Host) -> None:
    ran = shop.everyday("logs", "shop.tset")
    assert (ran.code, "there is no site shop.tset" in ran.err) == (2, True)


@contextmanager
def following(host: Host, folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[str], None]]]:
    """lampctl logs -f, and a function that waits until it has printed a text."""
    seen = folder / "seen"
    argv = [sys.executable, "-c", "from lampctl.cli import main; main()", "logs", "-F", str(host.boxes.ssh_config)]
    with seen.open("w") as out:
        process = subprocess.Popen([*argv, host.box.name, "shop.test", "-f", *words], stdout=out, text=True)

    def wait(text: str) -> None:
        host_side = f"for i in $(seq 150); do grep -qF -- '{text}' {seen} && exit; sleep 0.1; done; cat {seen}; exit 1"
        subprocess.run(["sh", "-c", host_side], check=True)

    try:
        yield process, wait
    finally:
        process.kill()
        process.wait()


def test_following_survives_rotation_and_leaves_nothing_behind(shop: Host, tmp_path: Path) -> None:
    with following(shop, tmp_path, "-n", "0") as (process, wait):
        wait("worked")
        visit(shop, "/?three=3")
        wait("boom three=3")
        wait("/?three=3")
        shop.sh("logrotate -f /etc/logrotate.conf 2>/dev/null || { cd /var/log; for f in */shop.test.*.log; do mv $f $f.1; done; "
                "for s in nginx apache2; do ! systemctl -q is-active $s || systemctl reload $s; done; }")  # fmt: skip
        shop.sh(": > /var/www/shop.test/shared/storage/app.log")
        visit(shop, "/?four=4")
        wait("boom four=4")
        wait("/?four=4")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(20) == 130
    with following(shop, tmp_path) as (process, wait):
        wait("boom four=4")  # those that there are
        assert "logs.pl" in shop.sh(LEFT)
    shop.sh(f'for i in $(seq 100); do [ -n "$({LEFT})" ] || exit 0; sleep 0.1; done; {LEFT}; exit 1')


def test_pipes_and_terminals(shop: Host, tmp_path: Path) -> None:
    with terminal(tmp_path) as tty:
        where = f"-F {shop.boxes.ssh_config} {shop.box.name} shop.test"
        tty.type(f"lampctl logs {where} -f | head -1 | cut -c 1-2; echo codes ${{PIPESTATUS[0]}}", "Enter")
        tty.wait_for(lambda shown: "\n20\n" in shown and "codes 141" in shown)
        tty.type(f"clear; lampctl logs {where} -f; echo code $?", "Enter")
        tty.wait_for(lambda shown: "worked" in shown)
        tty.type("C-c")
        shown = tty.wait_for(lambda shown: "code 130" in shown and shown.rstrip().endswith(PROMPT))
        assert "interrupted" not in shown
