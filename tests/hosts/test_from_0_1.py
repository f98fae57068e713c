"""One deploy migrates a host of lampctl 0.1, without a failed request."""

from __future__ import annotations

import time
from urllib.error import HTTPError

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.visitor import good, visiting

pytestmark = pytest.mark.hosts

# lampctl 0.1 had a pool for each site in the service of PHP's package.
FORMER = r"""
set -e
version=$(ls /etc/php); fpm=/etc/php/$version/fpm; new=lampctl-php$version-lamp.test
sed "/^\[global\]/,/^$/d; s|^listen = .*|listen = /run/php/lampctl-$version-lamp.test.sock\nlisten.owner = www-data|
    s|^env.DB_PASSWORD.*|include = /etc/lampctl/secrets/lamp.test.conf|
    s|^env.DB_HOST.*|env[DB_HOST] = localhost|; s|^env.DB_NAME.*|env[DB_NAME] = lamp_test|; s|^env.DB_USER.*|env[DB_USER] = lamp_test|" /etc/lampctl/php/$version/lamp.test.conf > $fpm/pool.d/lamp.test.conf
cp /etc/php/$version/lampctl/90-lampctl.ini $fpm/conf.d/
sed -i "s|/run/lampctl/php-|/run/php/lampctl-|" /etc/apache2/sites-available/lamp.test.conf
systemctl enable -q php$version-fpm; systemctl restart php$version-fpm
systemctl reload apache2
systemctl disable -q --now $new.service $new.socket
rm -r /etc/systemd/system/$new.* /etc/lampctl/php /etc/php/$version/lampctl; systemctl daemon-reload
{ grep -vE "lampctl/php|lampctl-php|/php/.*/lampctl/" /var/lib/lampctl/owned/lamp
  printf '%s\n' service:php$version-fpm.service file:$fpm/pool.d/lamp.test.conf file:$fpm/conf.d/90-lampctl.ini; } > /root/owned
cat /root/owned > /var/lib/lampctl/owned/lamp
"""
THEIRS = r"""
version=$(ls /etc/php)
printf '[theirs]\nuser = www-data\nlisten = /run/php/theirs.sock\npm = ondemand\npm.max_children = 2\n' \
    > /etc/php/$version/fpm/pool.d/theirs.conf
"""


@pytest.mark.parametrize("theirs", [False, True], ids=["alone", "with another's pool"])
def test_pools_of_0_1_become_services_without_a_lost_request(host: Host, theirs: bool) -> None:
    host.sh((THEIRS if theirs else "") + FORMER)
    assert host.works()
    fpm = host.sh("echo php$(ls /etc/php)-fpm.service").strip()
    plan = host.lampctl("plan", "HOST")
    assert plan.changes[f"service:{fpm}"] == ("reload" if theirs else "stop")
    with visiting(host.box.address, good, "lamp.test", visitors=4, least=1000) as visits:
        ran = host.lampctl("deploy", "HOST")
    assert ran.code == 0, ran
    assert (visits.failures, visits.count >= 1000) == ([], True)
    state = host.sh(f"systemctl is-active {fpm}; systemctl is-enabled {fpm}", check=False).split()
    assert state == (["active", "enabled"] if theirs else ["inactive", "disabled"])
    assert host.sh("ls /etc/php/*/fpm/pool.d").split() == (["theirs.conf", "www.conf"] if theirs else ["www.conf"])
    assert host.sh("ls /run/php/theirs.sock", check=False) == ("/run/php/theirs.sock\n" if theirs else "")
    assert host.lampctl("plan", "HOST").changes == {}


def test_new_sandbox_of_a_server_applies_at_its_next_start(host: Host) -> None:
    """A restart would cost requests; the check reports it until an operator restarts the server."""
    servers = ("apache2", "mariadb")
    host.sh("rm -r /etc/systemd/system/apache2.service.d /etc/systemd/system/mariadb.service.d; systemctl daemon-reload;"
            f"systemctl restart {' '.join(servers)}")  # fmt: skip
    started = f"systemctl show -P ExecMainStartTimestamp {' '.join(servers)}"
    before = host.sh(started)
    with visiting(host.box.address, good, "lamp.test", visitors=4, least=500) as visits:
        ran = host.lampctl("deploy", "HOST")
    assert ran.code == 0, ran
    assert (visits.failures, host.sh(started)) == ([], before)
    checks = {"web.service", "mysql.service"}
    actual = {r["id"]: r["actual"] for r in host.lampctl("check", "HOST").host["results"]}
    assert {actual[id] for id in checks} == {
        "active, enabled, runs the config on disk; its sandbox applies from its next start"
    }
    assert host.lampctl("plan", "HOST").changes == {}
    host.sh(f"systemctl restart {' '.join(servers)}")
    actual = {r["id"]: r["actual"] for r in host.lampctl("check", "HOST").host["results"]}
    assert {actual[id] for id in checks} == {"active, enabled, runs the config on disk"}


# With lampctl 0.1, Apache answered any client that reached its port.
OPEN = r"""
sed -i '/LAMPCTL_FRONT/d; /X-Lampctl-Front/d; s/^Include .*@front.*//' /etc/apache2/conf-available/lampctl.conf
sed -i '/X-Lampctl-Front/,+1d' /etc/apache2/sites-available/lamp.test.conf
sed -i '/@front/d' /etc/nginx/sites-available/lamp.test.conf
systemctl reload apache2 nginx; rm /etc/lampctl/secrets/@front.*
"""


def answers(host: Host) -> bool:
    try:
        return host.works()
    except HTTPError:
        return False


@ON_ONE_RELEASE
def test_nginx_sends_its_secret_before_apache_requires_it(host: Host) -> None:
    assert host.lampctl("deploy", "HOST", "-p", "front").code == 0
    host.sh(OPEN)
    ends = time.monotonic() + 30
    while not answers(host):  # a reload returns before it has taken effect
        assert time.monotonic() < ends
        time.sleep(0.1)
    with visiting(host.box.address, good, "lamp.test", visitors=4, least=1000) as visits:
        ran = host.lampctl("deploy", "HOST", "-p", "front")
    assert ran.code == 0, ran
    assert {"service:nginx.service", "service:apache2.service"} <= ran.changes.keys()
    assert visits.failures == []
