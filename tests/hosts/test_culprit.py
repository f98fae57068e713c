"""Each hop of the request path is broken once: the check names exactly that hop, and its suggested fix works."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.servers import reload

pytestmark = pytest.mark.hosts

SITE = "lamp.test"
CNF = "/etc/mysql/mariadb.conf.d"
UNIT = f"lampctl-php$(ls /etc/php)-{SITE}"  # expanded by the shell
POOL = f"/etc/lampctl/php/*/{SITE}.conf"
SOCKET = f"/run/lampctl/php-$(ls /etc/php)-{SITE}.sock"
VHOST = f"/etc/apache2/sites-available/{SITE}.conf"
ROOT = f"/var/www/{SITE}"
SQL = "mariadb -e"
RELOAD = reload("apache2")
FPM = f"systemctl {{}} {UNIT}.service"

# If systemd does not know Apache's main process, it would wait 90 s for it to end.
QUICK = (
    "mkdir -p /run/systemd/system/apache2.service.d; printf '[Service]\\nTimeoutStopSec=1\\n'"
    " > /run/systemd/system/apache2.service.d/quick.conf; systemctl daemon-reload; "
)

# A broken hop → the hops that it blocks.
SITE_HOPS = [f"site.php@{SITE}", f"site.database@{SITE}", f"site.answer@{SITE}", f"site.outside@{SITE}"]
WEB_HOPS = ["web.listen", f"web.static@{SITE}", f"web.default@{SITE}"]
BLOCKED = {
    "linux.disk": [],
    "linux.systemd": [],
    "mysql.service": [f"mysql.login@{SITE}", *SITE_HOPS[1:]],
    f"mysql.login@{SITE}": SITE_HOPS[1:],
    "php.service": [f"php.fastcgi@{SITE}", *SITE_HOPS],
    f"php.fastcgi@{SITE}": SITE_HOPS,
    "web.config": ["web.service", *WEB_HOPS, *SITE_HOPS],
    "web.service": [*WEB_HOPS, *SITE_HOPS],
    f"web.static@{SITE}": [f"web.default@{SITE}", *SITE_HOPS],
    f"site.php@{SITE}": SITE_HOPS[1:],
    f"site.database@{SITE}": SITE_HOPS[2:],
    f"site.answer@{SITE}": [],
    f"site.outside@{SITE}": [],
}

# Answers FastCGI in place of the pool, like another PHP that has taken its socket.
OTHER_PHP = r"""
use IO::Socket::UNIX;
my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die; chmod 0666, $ARGV[0];
while (my $c = $s->accept) {
    sysread $c, my $request, 65536;
    my $body = qq(Content-Type: application/json\r\n\r\n{"probe":"lampctl","version":"7.4.33","extensions":[]});
    print $c pack("CCnnCC", 1, 6, 1, length $body, 0, 0), $body, pack("CCnnCCx8", 1, 3, 1, 8, 0, 0);
    close $c;
}
"""


@dataclass(frozen=True)
class Break:
    """One way to break a hop. `by_hand` fixes what lampctl must not fix; without it, a deploy has to."""

    name: str
    damage: str  # shell, on the host
    culprit: str
    message: str  # a part of the culprit's actual, evidence or hint
    by_hand: str = ""
    deploy: str = ""  # the kind of the deploy's error, if it fails


def page(name: str, damage: str, message: str) -> Break:
    """The site's own page is not lampctl's: a deploy names it and fixes nothing."""
    file, again = f"{ROOT}/index.php", FPM.format("restart")  # otherwise PHP notices changes only after 2 s
    return Break(f"page {name}", f"cp -a {file} /root/index.php; {damage} {file}; {again}", f"site.answer@{SITE}", message,
                 f"rm -f {file}; mv /root/index.php {file}; {again}")  # fmt: skip


BREAKS = [
    Break("disk is full", "mount -t tmpfs -o size=50m none /var/log; mkdir /var/log/apache2", "linux.disk", "/var/log", "umount -l /var/log"),
    Break("somebody's unit failed", "systemd-run -q --wait --unit=theirs false || :", "linux.systemd",
          "journalctl -u theirs.service", "systemctl reset-failed theirs"),

    Break("mysql stopped", "systemctl stop mariadb", "mysql.service", "inactive"),
    Break("mysql disabled", "systemctl disable -q mariadb", "mysql.service", "would not start at boot"),
    Break("mysql runs older config", f"touch {CNF}/90-lampctl.cnf", "mysql.service", f"{CNF}/90-lampctl.cnf was changed"),

    Break("password changed", f"{SQL} \"ALTER USER lamp_test@localhost IDENTIFIED BY 'x'\"", f"mysql.login@{SITE}", "1045"),
    Break("rights revoked", f"{SQL} 'REVOKE ALL ON `lamp\\_test`.* FROM lamp_test@localhost'", f"mysql.login@{SITE}", "rights"),
    Break("some rights revoked", f"{SQL} 'REVOKE CREATE ON `lamp\\_test`.* FROM lamp_test@localhost'", f"mysql.login@{SITE}", "rights"),
    Break("account locked", f"{SQL} 'ALTER USER lamp_test@localhost ACCOUNT LOCK'", f"mysql.login@{SITE}", "locked"),
    Break("TLS demanded", f"{SQL} 'ALTER USER lamp_test@localhost REQUIRE SSL'", f"mysql.login@{SITE}", "lampctl deploy"),
    Break("database dropped", f"{SQL} 'DROP DATABASE lamp_test'", f"mysql.login@{SITE}", "database is missing"),
    Break("user dropped", f"{SQL} 'DROP USER lamp_test@localhost'", f"mysql.login@{SITE}", "1045"),
    Break("no network for mysql", f"printf '[mariadbd]\\nskip-networking\\n' > {CNF}/95-theirs.cnf; systemctl restart mariadb",
          f"mysql.login@{SITE}", "skip.networking", f"rm {CNF}/95-theirs.cnf; systemctl restart mariadb"),

    # Stop the socket too: otherwise the next request starts the service.
    Break("php stopped", f"systemctl stop {UNIT}.socket", "php.service", "inactive"),
    Break("php disabled", FPM.format("disable -q"), "php.service", "would not start at boot"),
    Break("php runs older config", f"touch {POOL}", "php.service", "was changed"),

    Break("configuration of php is gone", f"rm {POOL}; {FPM.format('restart')} || :", "php.service", f"{SITE}.service is"),
    Break("socket is gone", f"rm {SOCKET}", f"php.fastcgi@{SITE}", f"{SITE}.sock"),
    Break("socket is closed to the web server", f"chown root: {SOCKET}", f"php.fastcgi@{SITE}",
          "Permission denied"),
    Break("extension is off", f"phpdismod mysqli; {FPM.format('restart')}", f"php.fastcgi@{SITE}", "phpenmod mysqli",
          f"phpenmod mysqli; {FPM.format('restart')}"),
    Break("another PHP has the socket", f"rm {SOCKET}; cat > /root/php.pl <<'END'\n{OTHER_PHP}\nEND\n"
          f"systemd-run -q --unit=other-php perl /root/php.pl {SOCKET}; until [ -S {SOCKET} ]; do :; done", f"php.fastcgi@{SITE}",
          "another PHP"),

    Break("web stopped", f"{QUICK} systemctl stop apache2", "web.service", "lampctl deploy starts it"),
    Break("web masked", f"{QUICK} systemctl stop apache2; systemctl mask -q apache2", "web.service", "systemctl unmask apache2",
          "systemctl unmask -q apache2; systemctl start apache2", "conflict"),
    Break("web config broken", "echo Nonsense > /etc/apache2/conf-enabled/theirs.conf", "web.config",
          "Nonsense", f"rm /etc/apache2/conf-enabled/theirs.conf; {RELOAD}", "unloadable"),

    Break("document root closed", f"chmod 700 {ROOT}", f"web.static@{SITE}", "the permissions of each"),
    Break("vhost is off", f"rm /etc/apache2/sites-enabled/00-{SITE}.conf; {RELOAD}", f"web.static@{SITE}", "another vhost"),
    Break("another vhost has the name", "printf '<VirtualHost *:80>\\nServerName lamp.test\\nDocumentRoot /var/www/html\\n</VirtualHost>\\n'"
          f" > /etc/apache2/sites-enabled/00-aaa.conf; {RELOAD}", f"web.static@{SITE}", "00-aaa.conf.off",
          f"rm /etc/apache2/sites-enabled/00-aaa.conf; {RELOAD}"),

    Break("no handler for PHP", f"sed -i /SetHandler/d {VHOST}; {RELOAD}", f"site.php@{SITE}", "source"),
    Break("vhost names another socket", f"sed -i 's/php-[0-9.]*-{SITE}.sock/other.sock/' {VHOST}; {RELOAD}",
          f"site.php@{SITE}", "socket"),

    Break("PHP lost its environment", f"sed -i '/^env/d; /^include/d' {POOL}; {FPM.format('restart')}", f"site.database@{SITE}", "DB_NAME"),
    Break("pool has another password", f"sed -i 's/^env.DB_PASSWORD.*/env[DB_PASSWORD] = x/' {POOL}; {FPM.format('restart')}",
          f"site.database@{SITE}", "Access denied"),

    page("does not parse", "echo '<?php echo (;' >", "Parse error"),
    page("throws", "echo '<?php throw new Exception(\"boom\");' >", "boom"),
    page("is blank", "echo '<?php exit;' >", "blank"),
    page("shows a warning", "echo '<?php ini_set(\"display_errors\", 1); echo $x; ?>hello' >", "Undefined variable"),
    page("redirects for ever", "echo '<?php header(\"Location: /\");' >", "for ever"),
    page("takes too long", "echo '<?php sleep(6);' >", "within 5 s"),
    page("is missing", "rm", "no index file"),
    page("is unreadable", "chmod 0", "denied"),
]  # fmt: skip


def assert_names(ran: RunResult, culprit: str, message: str) -> None:
    assert ran.code == 1, ran
    assert (ran.host["culprit"] or {}).get("id") == culprit, ran.out
    hops = {id: status for id, status in ran.results.items() if not id.startswith("state.")}
    bad = {id: status for id, status in hops.items() if status not in ("pass", "unknown")}
    assert bad == {culprit: "fail", **dict.fromkeys(BLOCKED[culprit], "blocked")}
    result = next(r for r in ran.host["results"] if r["id"] == culprit)
    assert message in "\n".join((result["actual"], result["evidence"], result["hint"]))
    assert result["hint"]


@pytest.fixture(autouse=True)
def clean(host: Host) -> Iterator[None]:
    yield
    assert host.sh("find /var/www /run -name '*lampctl-probe*' -o -path '/run/lampctl.*' -prune -print").strip() == ""


def cases() -> Iterator[object]:
    """All breaks on the newer release, one break per hop on the older one."""
    hops = {broken.culprit: broken for broken in reversed(BREAKS)}
    for release, breaks in (("trixie", BREAKS), ("bookworm", hops.values())):
        yield from (pytest.param(release, broken, id=f"{release}-{broken.name}") for broken in breaks)


@pytest.mark.parametrize(("release", "broken"), list(cases()), indirect=["release"])
def test_broken_hop_is_named_and_healed(host: Host, broken: Break) -> None:
    host.sh(broken.damage)
    if not broken.by_hand:
        assert_names(host.lampctl("check", "HOST"), broken.culprit, broken.message)
        healed = host.lampctl("deploy", "HOST")
        assert healed.code == 0, healed
        assert healed.changes
    else:
        try:
            assert_deploy_refuses(host, broken)
        finally:
            host.sh(broken.by_hand)
    assert host.lampctl("check", "HOST").code == 0


def assert_deploy_refuses(host: Host, broken: Break) -> None:
    ran = host.lampctl("deploy", "HOST")
    if broken.deploy:
        assert (ran.code, ran.host["error"]["kind"]) == (1, broken.deploy), ran.out
        assert broken.message in "".join(ran.host["error"].values())
        ran = host.lampctl("check", "HOST")
    assert_names(ran, broken.culprit, broken.message)


@ON_ONE_RELEASE
def test_firewall_on_the_host_is_found_from_outside(host: Host) -> None:
    """The host itself is healthy, and sshd answers: only a check from outside can find it."""
    nft = [*host.enter("-n"), "nft"]
    rules = "table inet theirs { chain c { type filter hook input priority 0; iifname host0 tcp dport 80 drop; }; }"
    subprocess.run([*nft, rules], check=True)
    vhost = f"/etc/apache2/sites-available/{SITE}.conf"
    host.sh(f"sed -i s/nosniff/sniff/ {vhost}")
    mended = host.lampctl("deploy", "HOST")
    assert_names(mended, f"site.outside@{SITE}", "firewall")
    # A check that failed before is no reason to roll back the fix of something else.
    assert (mended.host["undone"], host.sh(f"grep -c nosniff {vhost}").strip()) == (False, "1")
    assert_names(host.lampctl("deploy", "HOST"), f"site.outside@{SITE}", "firewall")
    subprocess.run([*nft, "delete table inet theirs"], check=True)
    assert host.lampctl("check", "HOST").code == 0
