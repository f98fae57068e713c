"""New files that a server refuses, or that break a hop: the site keeps working with the previous ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.overrides import original, template

pytestmark = pytest.mark.hosts


@pytest.mark.parametrize(
    ("name", "broken", "message"),
    [
        ("apache/vhost.conf.j2", "{{ managed() }}\n<VirtualHost *:80>\nNonsense on\n</VirtualHost>\n", "Nonsense"),
        (
            "php/pool.conf.j2",
            "[{{ site }}]\nuser = nobody-here\nlisten = {{ socket }}\npm = ondemand\npm.max_children = 2\n",
            "nobody-here",
        ),
        ("mysql/server.cnf.j2", "[mariadbd]\nno_such_variable = 1\n", "no_such_variable"),
    ],
)
def test_broken_config_is_refused_before_it_replaces_anything(
    host: Host, tmp_path: Path, name: str, broken: str, message: str
) -> None:
    before = host.sh("md5sum /etc/apache2/sites-available/* /etc/lampctl/php/*/* /etc/mysql/mariadb.conf.d/*")
    ran = host.lampctl("deploy", "HOST", cwd=template(tmp_path, name, broken))
    assert ran.code == 1, ran
    assert ran.host["error"]["kind"] == "invalid"
    assert message in ran.host["error"]["evidence"]
    after = host.sh("md5sum /etc/apache2/sites-available/* /etc/lampctl/php/*/* /etc/mysql/mariadb.conf.d/*")
    assert after == before
    assert host.works()
    assert host.lampctl("plan", "HOST").changes == {}


def test_service_that_fails_to_start_is_rolled_back(host: Host, tmp_path: Path) -> None:
    """The config passes the server's own validation, but the server can't start: sshd has that port."""
    text = original("mysql/server.cnf.j2") + "port = 22\n"
    ran = host.lampctl("deploy", "HOST", cwd=template(tmp_path, "mysql/server.cnf.j2", text))
    assert ran.code == 1, ran
    assert ran.host["error"]["kind"] == "service"
    assert "rolled back to the previous files" in ran.host["error"]["message"]
    assert host.works()
    ran = host.lampctl("deploy", "HOST")
    assert (ran.code, ran.changes) == (0, {}), ran


@ON_ONE_RELEASE
def test_database_on_an_unusable_address_is_rolled_back(host: Host, tmp_path: Path) -> None:
    """MariaDB starts with an address that the host does not have; only a login fails."""
    text = original("mysql/server.cnf.j2").replace("127.0.0.1", "192.0.2.1")
    ran = host.lampctl("deploy", "HOST", cwd=template(tmp_path, "mysql/server.cnf.j2", text))
    assert ran.code == 1, ran
    assert ran.host["culprit"]["id"] == "mysql.login@lamp.test"
    assert ran.host["undone"] is True
    assert host.lampctl("plan", "HOST").changes == {}


@ON_ONE_RELEASE
def test_check_that_fails_after_the_deploy_rolls_back(host: Host, tmp_path: Path) -> None:
    """A vhost that is valid to Apache, and would serve the source code of all but the site's own page."""
    name = "apache/handlers/fpm.conf.j2"
    text = original(name).replace(r'"\.php$"', r'"^index\.php$"')
    ran = host.lampctl("deploy", "HOST", cwd=template(tmp_path, name, text))
    assert ran.code == 1, ran
    assert ran.host["culprit"]["id"] == "site.php@lamp.test"
    assert "source" in next(r["actual"] for r in ran.host["results"] if r["id"] == "site.php@lamp.test")
    assert ran.host["undone"] is True
    assert host.works()
    assert host.lampctl("plan", "HOST").changes == {}
