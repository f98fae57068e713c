"""Every hop of the chain is broken once: the check names that hop and no other, and what heals it does heal it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host, Ran

pytestmark = pytest.mark.hosts

SITE = "lamp.test"
CNF = "/etc/mysql/mariadb.conf.d"
UNIT = f"lampctl-php$(ls /etc/php)-{SITE}"  # for the shell
POOL = f"/etc/lampctl/php/*/{SITE}.conf"
SOCKET = f"/run/lampctl/php-$(ls /etc/php)-{SITE}.sock"
VHOST = f"/etc/apache2/sites-available/{SITE}.conf"
ROOT = f"/var/www/{SITE}"
SQL = "mariadb -e"
FPM = f"systemctl {{}} {UNIT}.service"

# Where systemd does not know Apache's main process, it would wait 90 s for its end.
QUICK = (
    "mkdir -p /run/systemd/system/apache2.service.d; printf '[Service]\\nTimeoutStopSec=1\\n'"
    " > /run/systemd/system/apache2.service.d/quick.conf; systemctl daemon-reload; "
)

# A broken hop → the hops that can't be judged then.
SITE_HOPS = [f"site.php@{SITE}", f"site.database@{SITE}", f"site.outside@{SITE}"]
BLOCKED = {
    "linux.disk": [],
    "linux.systemd": [],
    "mysql.service": [f"mysql.login@{SITE}", *SITE_HOPS[1:]],
    f"mysql.login@{SITE}": SITE_HOPS[1:],
    "php.service": [f"php.fastcgi@{SITE}", *SITE_HOPS],
    f"php.fastcgi@{SITE}": SITE_HOPS,
    "web.config": ["web.service", f"web.static@{SITE}", *SITE_HOPS],
    "web.service": [f"web.static@{SITE}", *SITE_HOPS],
    f"web.static@{SITE}": SITE_HOPS,
    f"site.php@{SITE}": SITE_HOPS[1:],
    f"site.database@{SITE}": SITE_HOPS[2:],
    f"site.outside@{SITE}": [],
}

# Answers FastCGI in the place of the pool, as another PHP that has taken its socket.
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
    """One way to break a hop. `by_hand` heals what is not lampctl's to heal; without it, a deploy has to."""

    name: str
    how: str  # shell, on the host
    culprit: str
    said: str  # in what the culprit's result tells a person
    by_hand: str = ""
    deploy: str = ""  # the kind of error with which a deploy refuses, if it does


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
          f"mysql.login@{SITE}", "skip-networking", f"rm {CNF}/95-theirs.cnf; systemctl restart mariadb"),

    # With its socket; without, the next request starts it.
    Break("php stopped", f"systemctl stop {UNIT}.socket", "php.service", "inactive"),
    Break("php disabled", FPM.format("disable -q"), "php.service", "would not start at boot"),
    Break("php runs older config", f"touch {POOL}", "php.service", "was changed"),

    Break("configuration of php is gone", f"rm {POOL}; {FPM.format('restart')} || :", "php.service", f"{SITE}.service is"),
    Break("socket is gone", f"rm {SOCKET}", f"php.fastcgi@{SITE}", f"{SITE}.sock"),
    Break("socket is closed to the web server", f"chown root: {SOCKET}", f"php.fastcgi@{SITE}",
          "Permission denied", f"systemctl restart {UNIT}.socket"),
    Break("extension is off", f"phpdismod mysqli; {FPM.format('restart')}", f"php.fastcgi@{SITE}", "phpenmod mysqli",
          f"phpenmod mysqli; {FPM.format('restart')}"),
    Break("another PHP has the socket", f"rm {SOCKET}; cat > /root/php.pl <<'END'\n{OTHER_PHP}\nEND\n"
          f"systemd-run -q --unit=other-php perl /root/php.pl {SOCKET}; until [ -S {SOCKET} ]; do :; done", f"php.fastcgi@{SITE}",
          "another PHP", f"systemctl stop other-php; systemctl restart {UNIT}.socket"),

    Break("web stopped", f"{QUICK} systemctl stop apache2", "web.service", "lampctl deploy starts it"),
    Break("web masked", f"{QUICK} systemctl stop apache2; systemctl mask -q apache2", "web.service", "systemctl unmask apache2",
          "systemctl unmask -q apache2; systemctl start apache2", "conflict"),
    Break("web config broken", "echo Nonsense > /etc/apache2/conf-enabled/theirs.conf", "web.config",
          "Nonsense", "rm /etc/apache2/conf-enabled/theirs.conf; systemctl reload apache2", "unloadable"),

    Break("document root closed", f"chmod 700 {ROOT}", f"web.static@{SITE}", "rights of each directory"),
    Break("vhost is off", f"rm /etc/apache2/sites-enabled/00-{SITE}.conf; systemctl reload apache2", f"web.static@{SITE}", "another vhost"),
    Break("another vhost has the name", "printf '<VirtualHost *:80>\\nServerName lamp.test\\nDocumentRoot /var/www/html\\n</VirtualHost>\\n'"
          " > /etc/apache2/sites-enabled/00-aaa.conf; systemctl reload apache2", f"web.static@{SITE}", "apache2ctl -S",
          "rm /etc/apache2/sites-enabled/00-aaa.conf; systemctl reload apache2"),

    Break("no handler for PHP", f"sed -i /SetHandler/d {VHOST}; systemctl reload apache2", f"site.php@{SITE}", "source"),
    Break("vhost names another socket", f"sed -i 's/php-[0-9.]*-{SITE}.sock/other.sock/' {VHOST}; systemctl reload apache2",
          f"site.php@{SITE}", "socket"),

    Break("PHP lost its environment", f"sed -i '/^env/d; /^include/d' {POOL}; {FPM.format('restart')}", f"site.database@{SITE}", "DB_NAME"),
    Break("pool has another password", f"sed -i 's/^include.*/env[DB_PASSWORD] = x/' {POOL}; {FPM.format('restart')}",
          f"site.database@{SITE}", "Access denied"),
]  # fmt: skip


def assert_names(ran: Ran, culprit: str, said: str) -> None:
    assert ran.code == 1, ran.out + ran.err
    assert (ran.host["culprit"] or {}).get("id") == culprit, ran.out
    bad = {id: status for id, status in ran.results.items() if status not in ("pass", "unknown")}
    assert bad == {culprit: "fail", **dict.fromkeys(BLOCKED[culprit], "blocked")}
    result = next(r for r in ran.host["results"] if r["id"] == culprit)
    assert said in "\n".join((result["actual"], result["evidence"], result["hint"]))
    assert result["hint"]


@pytest.fixture(autouse=True)
def clean(host: Host) -> Iterator[None]:
    yield
    assert host.sh("find /var/www /run -name '*lampctl-probe*' -o -path '/run/lampctl.*' -prune -print").strip() == ""


def ways() -> Iterator[object]:
    """Each way to break a hop on the newer release; one for each hop on the older one."""
    hops = {broken.culprit: broken for broken in reversed(BREAKS)}
    for release, breaks in (("trixie", BREAKS), ("bookworm", hops.values())):
        yield from (pytest.param(release, broken, id=f"{release}-{broken.name}") for broken in breaks)


@pytest.mark.parametrize(("release", "broken"), list(ways()), indirect=["release"])
def test_broken_hop_is_named_and_heals(host: Host, broken: Break) -> None:
    host.sh(broken.how)
    if not broken.by_hand:
        assert_names(host.lampctl("check", "HOST"), broken.culprit, broken.said)
        healed = host.lampctl("deploy", "HOST")
        assert healed.code == 0, healed.out
        assert healed.changes
    else:
        try:
            assert_tells_why_not(host, broken)
        finally:
            host.sh(broken.by_hand)
    assert host.lampctl("check", "HOST").code == 0


def assert_tells_why_not(host: Host, broken: Break) -> None:
    ran = host.lampctl("deploy", "HOST")
    if broken.deploy:
        assert (ran.code, ran.host["error"]["kind"]) == (1, broken.deploy), ran.out
        assert broken.said in "".join(ran.host["error"].values())
        ran = host.lampctl("check", "HOST")
    assert_names(ran, broken.culprit, broken.said)


@ON_ONE_RELEASE
def test_firewall_on_the_host(host: Host) -> None:
    """Nothing on the host itself is wrong, and sshd answers: only the look from outside can tell."""
    nft = [*host.enter("-n"), "nft"]
    rules = "table inet theirs { chain c { type filter hook input priority 0; iifname host0 tcp dport 80 drop; }; }"
    subprocess.run([*nft, rules], check=True)
    vhost = f"/etc/apache2/sites-available/{SITE}.conf"
    host.sh(f"sed -i s/nosniff/sniff/ {vhost}")
    mended = host.lampctl("deploy", "HOST")
    assert_names(mended, f"site.outside@{SITE}", "firewall")
    # What was broken before is no reason to undo the repair of something else.
    assert (mended.host["undone"], host.sh(f"grep -c nosniff {vhost}").strip()) == (False, "1")
    assert_names(host.lampctl("deploy", "HOST"), f"site.outside@{SITE}", "firewall")
    subprocess.run([*nft, "delete table inet theirs"], check=True)
    assert host.lampctl("check", "HOST").code == 0
