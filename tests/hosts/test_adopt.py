"""A host that its owner has set up by hand: a deploy of another site harms nothing there, or is refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts import neighbours
from tests.hosts.conftest import ON_ONE_RELEASE, Host, RunResult
from tests.hosts.overrides import original, template

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

PASSWORD = "qu'ote\\\"d s3cret"
# Sites below /home and /srv on the distribution's PHP-FPM, a database server for other hosts, and a site's files of www-data.
BY_HAND = r"""
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update; apt-get -qqy --no-install-recommends install apache2 php-fpm php-mysql mariadb-server >/dev/null 2>&1
a2enmod -q proxy_fcgi setenvif; useradd --create-home bob
for at in home:/home/bob/www srv:/srv/app; do
    root=${at#*:}; mkdir -p $root; echo static > $root/file.txt; chown -R www-data: $root; chmod 755 /home/bob
    echo '<?php echo file_put_contents(__DIR__ . "/written", "x") ? "wrote" : "failed";' > $root/write.php
    printf '<VirtualHost *:80>\nServerName %s.test\nDocumentRoot %s\n<Directory %s>\nRequire all granted\n</Directory>\n
        <FilesMatch php$>\nSetHandler "proxy:unix:/run/php/php-fpm.sock|fcgi://localhost"\n</FilesMatch>\n</VirtualHost>\n' \
        ${at%%:*} $root $root > /etc/apache2/sites-available/${at%%:*}.conf
    a2ensite -q ${at%%:*}
done
printf '[mariadbd]\nbind-address = 0.0.0.0\nmax_connections = 500\n' > /etc/mysql/mariadb.conf.d/60-theirs.cnf
mariadb -e "CREATE DATABASE theirs; CREATE USER far@'%' IDENTIFIED BY 'x'"
systemctl restart apache2 mariadb
mkdir -p /var/www/mine.test/uploads/deep; cd /var/www/mine.test
echo '<?php echo file_put_contents(__DIR__ . "/uploads/deep/new", "x") ? "wrote" : "failed";' > index.php
echo private > uploads/old; echo outside > /root/outside; chown www-data: /root/outside; ln -s /root/outside uploads/link
chown -hR www-data: .; chmod 600 uploads/old; chmod 775 uploads
"""
FOREIGN = [
    ("home.test", "/file.txt", "static"),
    ("home.test", "/write.php", "wrote"),
    ("srv.test", "/write.php", "wrote"),
]
KEPT = "bind_address: 0.0.0.0, max_connections: 500"


@pytest.fixture(scope="module")
def by_hand(boxes: Boxes, release: str) -> Iterator[Host]:
    host = Host(boxes.up(f"hand-{release}", release), boxes)
    host.sh(BY_HAND)
    yield host
    boxes.down(f"hand-{release}")


def book(folder: Path, mysql: str = KEPT, site: str = "", name: str = "new.test") -> Path:
    path = folder / "site.yml"
    path.write_text(f"extends: lamp\nmysql: {{{mysql}}}\nsites: {{{name}: {{database: true{site}}}}}\n")
    return path


def run(host: Host, command: str, playbook: Path) -> RunResult:
    return host.lampctl(command, "HOST", "-p", str(playbook))


def settings(host: Host, *options: str) -> list[str]:
    query = "SELECT @@bind_address, @@max_connections"
    return host.sh(f'mariadb {" ".join(options)} -NBe "{query}"').split()


def test_lower_settings_of_a_server_that_others_use_are_refused(by_hand: Host, tmp_path: Path) -> None:
    ran = run(by_hand, "deploy", book(tmp_path, ""))
    assert (ran.code, ran.host["error"]["kind"]) == (1, "shared"), ran.out
    message, hint = ran.host["error"]["message"], ran.host["error"]["hint"]
    assert "databases: theirs" in message
    assert "accounts: far@%" in message
    assert "bind-address from 0.0.0.0 to 127.0.0.1" in message
    assert "max_connections from 500 to" in message
    assert 'mysql: {bind_address: "0.0.0.0", max_connections: 500' in hint
    assert "adopt: true" in hint
    assert settings(by_hand) == ["0.0.0.0", "500"]
    assert by_hand.sh("ls /etc/lampctl 2>/dev/null || :") == ""


def test_root_with_a_password_needs_it_and_it_stays_on_the_host(by_hand: Host, tmp_path: Path) -> None:
    quoted = PASSWORD.replace("\\", "\\\\").replace("'", "\\'")
    by_hand.sh(
        f"cat > /root/alter <<'END'\nALTER USER root@localhost IDENTIFIED BY '{quoted}';\nEND\nmariadb < /root/alter; rm /root/alter"
    )
    refused = run(by_hand, "plan", book(tmp_path))
    assert (refused.code, refused.host["error"]["kind"]) == (1, "conflict"), refused.out
    assert "1045" in refused.host["error"]["message"]
    assert "admin: {secret: FILE}" in refused.host["error"]["hint"]
    by_hand.sh(f"cat > /root/admin <<'END'\n{PASSWORD}\nEND\nchmod 644 /root/admin")
    open_to_all = run(by_hand, "plan", book(tmp_path, f"{KEPT}, admin: {{secret: /root/admin}}"))
    assert open_to_all.code == 1, open_to_all
    assert "must be a file that only root can read" in open_to_all.out
    by_hand.sh("chmod 600 /root/admin")
    ran = run(by_hand, "deploy", book(tmp_path, f"{KEPT}, admin: {{secret: /root/admin}}"))
    assert ran.code == 0, ran
    assert PASSWORD not in ran.out + ran.err
    found = by_hand.sh(
        "cd /; grep -rlF 's3cret' /etc /var/log /var/lib/lampctl /run/lampctl* 2>/dev/null; journalctl -q --grep s3cret; :"
    )
    assert found.strip() == ""
    assert run(by_hand, "plan", book(tmp_path, f"{KEPT}, admin: {{secret: /root/admin}}")).changes == {}


def test_sites_of_others_work_on_after_restarts_and_the_plan_says_what_is_left(by_hand: Host, tmp_path: Path) -> None:
    by_hand.sh(
        "systemctl restart apache2 mariadb $(systemctl list-units --plain --no-legend 'php*-fpm.service' | cut -d ' ' -f 1)"
    )
    for site, path, text in FOREIGN:
        status, body = neighbours.get(by_hand, site, path)
        assert (status, body.strip()) == (200, text), site
    by_hand.sh(
        'printf \'[client]\\npassword="%s"\\n\' "$(sed \'s/[\\\\"]/\\\\&/g\' /root/admin)" > /root/.my.cnf; chmod 600 /root/.my.cnf'
    )
    assert settings(by_hand) == ["0.0.0.0", "500"]
    # An administrator's own option file is enough.
    changed = book(tmp_path, f"{KEPT}", ", php: {memory_limit: 99M}")
    planned = by_hand.lampctl("plan", "HOST", "-p", str(changed), config=True)
    assert planned.code == 0, planned
    assert by_hand.sh("ls /etc/systemd/system/apache2.service.d 2>/dev/null || :") == ""


def test_with_consent_the_servers_are_taken_over(by_hand: Host, tmp_path: Path) -> None:
    playbook = book(tmp_path, "adopt: true")
    playbook.write_text(playbook.read_text() + "web: {adopt: true}\n")
    ran = run(by_hand, "deploy", playbook)
    assert ran.code == 0, ran
    assert settings(by_hand)[0] == "127.0.0.1"
    by_hand.sh("systemctl restart apache2")
    assert neighbours.get(by_hand, "home.test", "/file.txt")[0] == 200
    assert run(by_hand, "plan", book(tmp_path, "")).changes == {}


def owners(host: Host) -> list[str]:
    return host.sh(
        "cd /var/www/mine.test; stat -c '%n %U:%G %a' . index.php uploads uploads/old uploads/link; stat -Lc %U uploads/link"
    ).splitlines()


def test_files_of_others_in_a_sites_home_move_with_consent(by_hand: Host, tmp_path: Path) -> None:
    before = owners(by_hand)
    refused = run(by_hand, "deploy", book(tmp_path, "", name="mine.test"))
    assert (refused.code, refused.host["error"]["kind"]) == (1, "conflict"), refused.out
    assert "6 of www-data" in refused.host["error"]["message"]
    assert "sites: mine.test: {adopt: true}" in refused.host["error"]["hint"]
    moved = book(tmp_path, "", ", adopt: true", "mine.test")
    text = original("php/service.j2").replace("Type=notify", "Type=notify\nExecStartPre=/bin/false")
    undone = by_hand.lampctl("deploy", "HOST", "-p", str(moved), cwd=template(tmp_path, "php/service.j2", text))
    assert (undone.code, undone.host["error"]["kind"]) == (1, "service"), undone.out
    assert owners(by_hand) == before
    planned = run(by_hand, "plan", moved)
    assert planned.changes["files:/var/www/mine.test"] == "update"
    ran = run(by_hand, "deploy", moved)
    assert ran.code == 0, ran
    assert neighbours.get(by_hand, "mine.test", "/") == (200, "wrote")
    assert owners(by_hand) == [
        ". root:www-data 750",
        "index.php site-mine-test:www-data 644",
        "uploads site-mine-test:www-data 755",
        "uploads/old site-mine-test:www-data 640",
        "uploads/link site-mine-test:www-data 777",
        "www-data",
    ]
    assert run(by_hand, "plan", moved).changes == {}
    assert run(by_hand, "plan", book(tmp_path, "", name="mine.test")).changes == {}
