"""Everyday commands on a deployed host, without a playbook: status, run, shell, logs, db."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.terminal import PROMPT, terminal

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

BOOK = """
extends: lamp
sites:
  shop.test:
    source: shop
    public: public
    database: true
    tls: self-signed
    shared: [storage/]
    environment: {MODE: "it's $HOME ${DB_NAME}", KEY: {secret: generate}}
  pages.test: {type: static}
"""
INDEX = "<?php error_log('page asked'); echo 'shop';"


@pytest.fixture(scope="module")
def shop(boxes: Boxes, release: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host(boxes.up("everyday", release), boxes)
    folder = tmp_path_factory.mktemp("everyday")
    (folder / "shop/public").mkdir(parents=True)
    (folder / "shop/public/index.php").write_text(INDEX)
    (folder / "site.yml").write_text(BOOK)
    ran = host.lampctl("deploy", "HOST", "-p", "site.yml", cwd=folder)
    assert ran.code == 0, ran
    assert host.lampctl("plan", "HOST", "-p", "site.yml", cwd=folder).changes == {}
    yield host
    boxes.down(host.box.name)


def served(host: Host) -> str:
    return Path(host.sh("readlink /var/www/shop.test/current").strip()).name


def test_status_reads_the_hosts_own_record(shop: Host) -> None:
    ran = shop.lampctl("status", "HOST")
    assert ran.code == 0
    sites = {site["site"]: site for site in ran.host["sites"]}
    assert sites["shop.test"] == {
        "site": "shop.test",
        "type": "php",
        "release": served(shop),
        "php": "8.4",
        "certificate_days": sites["shop.test"]["certificate_days"],
        "maintenance": False,
    }
    assert sites["shop.test"]["certificate_days"] > 80
    assert [sites["pages.test"][name] for name in ("type", "release", "php", "certificate_days")] == [
        "static", None, None, None
    ]  # fmt: skip
    assert (ran.host["last_run"]["command"], ran.host["last_run"]["verdict"]) == ("deploy", "proved")
    assert shop.sh("stat -c %a:%U /etc/lampctl/sites/shop.test.json").strip() == "600:root"
    assert "KEY" not in shop.sh("cat /etc/lampctl/sites/shop.test.json")


def test_a_host_that_fails_does_not_hide_the_others(shop: Host) -> None:
    ran = shop.lampctl("status", "root@127.0.0.1:1", "HOST")
    hosts = json.loads(ran.out)["hosts"]
    assert ran.code == 3
    assert [one["ok"] for one in hosts] == [False, True]
    assert hosts[0]["error"]["kind"] == "refused"


def test_run_is_the_sites_own_surroundings(shop: Host) -> None:
    code = 'echo get_current_user(), posix_getuid(), "|", getcwd(), "|", PHP_VERSION, "|", getenv("MODE"), "|", strlen(getenv("KEY"));'
    ran = shop.everyday("run", "shop.test", "--", "php", "-r", code)
    uid = shop.sh("id -u site-shop-test").strip()
    who, folder, version, mode, key = ran.out.split("|")
    assert (ran.code, ran.err) == (0, "")
    assert who.endswith(uid)
    assert folder == f"/var/www/shop.test/releases/{served(shop)}"
    assert (version[:3], mode, key) == ("8.4", "it's $HOME shop_test", "32")


def test_words_reach_the_command_as_they_are(shop: Host) -> None:
    odd = ["a b", "$HOME", "${HOME}", "$$", "%n", "it's", '"', "*", "\\n", "a\nb", "", "-x", "@@0"]
    code = "echo json_encode(array_slice($argv, 1));"
    ran = shop.everyday("run", "shop.test", "--", "php", "-r", code, "--", *odd)
    assert json.loads(ran.out) == odd


def test_streams_and_exit_codes_pass_through(shop: Host) -> None:
    text = "".join(f"line {number}\n" for number in range(50_000)) + "without an end"
    ran = shop.everyday("run", "shop.test", "--", "cat", stdin=text)
    assert (ran.code, ran.out == text, ran.err) == (0, True, "")
    ran = shop.everyday("run", "shop.test", "--", "sh", "-c", "echo @@lampctl-begin; echo bad >&2; tty; exit 94")
    assert (ran.code, ran.out, ran.err) == (94, "@@lampctl-begin\nnot a tty\n", "bad\n")
    assert shop.everyday("run", "shop.test", "--", "sh", "-c", "kill -9 $$").code == 137
    assert shop.everyday("run", "shop.test", "--", "no-such-program").code == 127


def test_run_is_in_the_sandbox(shop: Host) -> None:
    ran = shop.everyday("run", "shop.test", "--", "sh", "-c", "ls /var/www; cat /etc/shadow; touch x storage/y")
    assert ran.out == "shop.test\n"
    assert "/etc/shadow" in ran.err
    assert "touch: cannot touch 'x'" in ran.err
    assert shop.sh("stat -c %U /var/www/shop.test/shared/storage/y").strip() == "site-shop-test"
    assert shop.sh("ls /run/lampctl-environment | grep task || :") == ""


def test_sites_that_cannot_run_a_command(shop: Host) -> None:
    ran = shop.everyday("run", "shop.tset", "--", "true")
    assert ran.code == 2
    assert "there is no site shop.tset" in ran.err
    assert "pages.test, shop.test" in ran.err
    ran = shop.everyday("run", "pages.test", "--", "true")
    assert (ran.code, "no code of its own" in ran.err) == (2, True)
    ran = shop.everyday("shell", "shop.test")
    assert (ran.code, "needs a terminal" in ran.err) == (2, True)


def test_a_terminal_here_is_a_terminal_there(shop: Host, tmp_path: Path) -> None:
    with terminal(tmp_path) as tty:
        where = f"-F {shop.boxes.ssh_config} {shop.box.name} shop.test"
        tty.type(f"lampctl run {where} -- sh -c 'tty; stty size; cat; exit 7'; echo code $?", "Enter")
        tty.wait_for(lambda shown: "/dev/pts/" in shown and "24 80" in shown)
        tty.type("typed", "Enter")
        tty.wait_for(lambda shown: shown.count("typed") == 2)
        tty.type("C-d")
        tty.wait_for(lambda shown: "code 7" in shown and shown.rstrip().endswith(PROMPT))
        tty.type(f"lampctl run {where} -- sleep 100; echo code $?", "Enter")
        assert shop.sh("until pgrep -fx 'sleep 100'; do sleep 0.1; done").strip()
        tty.type("C-c")
        tty.wait_for(lambda shown: "code 130" in shown, 20)
        tty.type(f"lampctl shell {where}", "Enter")
        tty.wait_for(lambda shown: "shop.test:/var/www/shop.test/" in shown)
        tty.type("id -un; php -r 'echo PHP_VERSION;'; exit 3", "Enter")
        tty.wait_for(lambda shown: "site-shop-test\n8.4" in shown and shown.rstrip().endswith(PROMPT))
        tty.type("echo again $?", "Enter")
        tty.wait_for(lambda shown: "again 3" in shown)


def test_ctrl_c_ends_the_command_on_the_host(shop: Host, tmp_path: Path) -> None:
    with terminal(tmp_path) as tty:
        tty.type(f"lampctl run -F {shop.boxes.ssh_config} {shop.box.name} shop.test -- sleep 1234 | cat", "Enter")
        for _ in range(100):
            if running := shop.sh("pgrep -fx 'sleep 1234' || :"):
                break
            time.sleep(0.1)
        assert running
        tty.type("C-c")
        tty.wait_for(lambda shown: "interrupted" in shown and shown.rstrip().endswith(PROMPT), 20)
    assert shop.sh("pgrep -fx 'sleep 1234' || :") == ""
