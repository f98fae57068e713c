"""Mail of sites through a relay that runs on the host: PHP's mail(), programs, and `lampctl run`; what is wrong is named."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.servers import SETTLED

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE, pytest.mark.usefixtures("first")]

PHP = "<?php if (isset($_GET['to'])) { echo mail($_GET['to'], 'From PHP', 'hello', 'X-Site: shop') ? 'sent' : 'not sent'; } else { echo 'shop'; }"
PROGRAM = """
import http.server, os, subprocess
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        to = self.path.partition("?to=")[2]
        mail = f"To: {to}\\nSubject: From a program\\n\\nhello\\n".encode()
        code = subprocess.run([os.environ["SENDMAIL"], "-t", "-i"], input=mail).returncode if to else 0
        self.send_response(200); self.end_headers(); self.wfile.write(b"not sent" if code else b"sent")
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
"""
BOOK = """
id: mail-test-1
linux: {packages: [python3]}
php: {}
web: {server: SERVER}
sites:
  shop.test: {source: php, MAIL workers: {idle: {command: "php -r 'while (true) sleep(9);'"}}}
  program.test: {type: process, source: program, command: python3 serve.py, port: 8000, PLAIN}
  other.test: {source: php}
"""
MAIL = "mail: {relay: relay.test, from: shop@shop.test, user: shop, password: {secret: {env: TEST_MAIL}}},"
PLAIN = 'mail: {relay: "relay.test:25", tls: none}'
RELAY = """
mkdir -p /root/relay && cd /root/relay
openssl req -x509 -newkey rsa:2048 -nodes -keyout relay.key -out relay.crt -subj /CN=relay.test \
    -addext subjectAltName=DNS:relay.test -days 30 2>/dev/null
cp relay.crt /usr/local/share/ca-certificates/relay.crt
update-ca-certificates >/dev/null 2>&1
echo 127.0.0.1 relay.test wrong.test >> /etc/hosts
echo 'zx9Kpass "$x' > login
cat > relay.py <<'PROGRAM'
TEXT
PROGRAM
"""
START = r"""
start() { port=$1; shift; systemd-run -q --unit "relay-$port" python3 /root/relay/relay.py /root/relay "$port" "$@"; }
start 587 starttls shop
start 465 tls shop
start 25 none
"""
WAIT = """
timeout 20 sh -c 'for port in 587 465 25; do until ss -Hltn | grep -q ":$port "; do sleep 0.1; done; done'
"""
PASSWORD = 'zx9Kpass "$x'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mail")
    for name, text in {"php/index.php": PHP, "program/serve.py": PROGRAM}.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    return folder


def run(
    host: Host,
    folder: Path,
    command: str = "deploy",
    mail: str = MAIL,
    plain: str = PLAIN,
    server: str = "apache",
    *more: str,
) -> RunResult:
    text = BOOK.replace("MAIL", mail).replace(", PLAIN", f", {plain}" if plain else "").replace("SERVER", server)
    (folder / "site.yml").write_text(text)
    return host.lampctl(command, "HOST", "-p", "site.yml", *more, cwd=folder)


@pytest.fixture(scope="module")
def first(host: Host, folder: Path) -> RunResult:
    ran = run(host, folder, mail="", plain="")
    assert ran.code == 0, ran
    host.sh(RELAY.replace("TEXT", (Path(__file__).parent / "relay.py").read_text()) + START + WAIT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_MAIL", PASSWORD)
        return run(host, folder)


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_MAIL", PASSWORD)


def ask(host: Host, site: str, path: str = "/") -> str:
    connection = HTTPConnection(host.box.address, timeout=30)
    connection.request("GET", path, headers={"Host": site})
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def mails(host: Host) -> list[dict[str, Any]]:
    """What the relay has taken since the last call."""
    lines = host.sh("cd /root/relay; for f in *.mail; do [ ! -e $f ] || { cat $f; echo; rm $f; }; done").splitlines()
    return [json.loads(line) for line in lines]


def hop(ran: RunResult, site: str = "shop.test") -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in ran.host["results"] if one["id"] == f"site.mail@{site}")
    return found


def test_it_is_proved_without_a_mail_and_a_second_plan_is_empty(
    host: Host, folder: Path, first: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first.code == 0, first
    assert {check: status for check, status in first.results.items() if status != "pass"} == {}
    assert hop(first)["actual"] == "relay.test:587 answers, accepts shop"
    assert hop(first, "program.test")["actual"] == "relay.test:25 answers"
    assert run(host, folder, "plan").changes == {}
    monkeypatch.delenv("TEST_MAIL")
    assert run(host, folder, "check").code == 0
    assert mails(host) == []


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_requests_and_commands_send_mail(host: Host, folder: Path, server: str) -> None:
    assert run(host, folder, server=server).code == 0
    host.sh(SETTLED)
    assert ask(host, "shop.test", "/?to=a@example.org") == "sent"
    [mail] = mails(host)
    assert (mail["from"], mail["to"], mail["login"]) == ("FROM:<shop@shop.test>", ["TO:<a@example.org>"], "shop")
    assert {"Subject: From PHP", "X-Site: shop", "hello"} <= set(mail["lines"])
    assert ask(host, "program.test", "/?to=b@example.org") == "sent"
    [mail] = mails(host)
    assert (mail["from"], mail["to"]) == ("FROM:<noreply@program.test>", ["TO:<b@example.org>"])
    php = 'exit(mail("c@example.org", "s", "t", "", "-fother@example.org") ? 0 : 1);'
    for command in (f"php -r '{php}'", "printf 'To: c@example.org\\n\\nx\\n' | $SENDMAIL -t"):
        ran = host.everyday("run", "shop.test", "--", "sh", "-c", command)
        assert ran.code == 0, ran
        [mail] = mails(host)
        assert (mail["from"], mail["to"]) == ("FROM:<shop@shop.test>", ["TO:<c@example.org>"])
    assert "zx9Kpass" not in host.sh("journalctl -o cat -t msmtp")
    assert "recipients=a@example.org" in host.sh("journalctl -o cat -t msmtp")


def test_nobody_else_has_the_password(host: Host, first: RunResult) -> None:
    folder = "/etc/lampctl-mail/shop.test"
    assert host.sh(f"stat -c '%U:%G %a' {folder} {folder}/*").split("\n")[:-1] == [
        "root:site-shop-test 750", *["root:site-shop-test 640"] * 3, "root:site-shop-test 750",
    ]  # fmt: skip
    for user in ("site-other-test", "www-data"):
        assert "denied" in host.sh(f"runuser -u {user} -- cat {folder}/password 2>&1", check=False)
    ran = host.everyday("run", "other.test", "--", "cat", f"{folder}/password")
    assert (ran.code, PASSWORD in ran.out) == (1, False)
    places = host.sh("grep -rlF zx9Kpass /etc /run /var/lib /var/log /var/www 2>/dev/null || :").split()
    assert places == [f"{folder}/password"]
    assert PASSWORD not in first.out + first.err + host.sh("journalctl -o cat")
    assert host.sh("ls /usr/sbin/sendmail 2>/dev/null || :") == ""


@pytest.mark.parametrize(
    ("mail", "value", "actual"),
    [
        (MAIL, "wrong", "relay.test:587 refuses the login of shop"),
        (MAIL.replace("relay.test", "wrong.test"), PASSWORD, "the certificate of wrong.test:587 is not valid for wrong.test"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    host: Host, folder: Path, monkeypatch: pytest.MonkeyPatch, mail: str, value: str, actual: str
) -> None:
    monkeypatch.setenv("TEST_MAIL", value)
    ran = run(host, folder, mail=mail, server="nginx")
    assert (ran.code, ran.host["culprit"]["id"], ran.host["undone"]) == (1, "site.mail@shop.test", False), ran
    assert (hop(ran)["actual"], bool(hop(ran)["hint"])) == (actual, True)
    assert value not in ran.out + ran.err
    assert mails(host) == []


def test_tls_from_the_start(host: Host, folder: Path) -> None:
    ran = run(host, folder, mail=MAIL.replace("relay.test", '"relay.test:465"'), server="nginx")
    assert (ran.code, hop(ran)["actual"]) == (0, "relay.test:465 answers, accepts shop"), ran


def test_dead_relay_is_named_and_blocks_nothing_else(host: Host, folder: Path) -> None:
    assert run(host, folder, server="nginx").code == 0
    host.sh("systemctl stop relay-587")
    ran = run(host, folder, "check", server="nginx")
    assert (ran.code, {id for id, status in ran.results.items() if status != "pass"}) == (1, {"site.mail@shop.test"}), (
        ran
    )
    assert hop(ran)["actual"] == "relay.test:587: no connection"
    assert ask(host, "shop.test", "/?to=a@example.org") == "not sent"


def test_removal_removes_and_undo_restores(host: Host, folder: Path) -> None:
    host.sh(f"systemctl stop 'relay-*'\n{START}{WAIT}")
    ran = run(host, folder, mail="", plain="", server="nginx")
    assert ran.code == 0, ran
    assert host.sh("find /etc/lampctl-mail -type f") == ""
    assert host.sh("grep -rlF -e zx9Kpass -e sendmail_path /etc/lampctl || :") == ""
    assert run(host, folder, "plan", mail="", plain="", server="nginx").changes == {}
    ran = host.lampctl("undo", "HOST", "-p", "site.yml", cwd=folder)
    assert ran.code == 0, ran
    assert ask(host, "shop.test", "/?to=a@example.org") == "sent"
