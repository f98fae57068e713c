"""Two sites on one host whose names differ by a dot and a hyphen: each has its own user, in any order of deploys, also on
a host where lampctl 0.1 had given both the same user."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

Deploy = Callable[..., tuple[int, str]]
# The state that 0.1 left: one user, with the home of one of the two sites, and files that both sites wrote as that user.
LEFT = """
id {user} >/dev/null 2>&1 || useradd --system --user-group --no-create-home --shell /usr/sbin/nologin --home-dir /var/www/{home} {user}
for site in {sites}; do
    mkdir -p /var/www/$site
    echo kept > /var/www/$site/upload
    chown -R {user}:www-data /var/www/$site
    chmod 750 /var/www/$site; chmod 600 /var/www/$site/upload
done
id -u {user}
"""


@pytest.fixture
def deploy(host: Host, tmp_path: Path) -> Deploy:
    def run(name: str, *sites: str, more: str = "") -> tuple[int, str]:
        book = tmp_path / f"{name}.yml"
        options = f"{{type: php{more}}}"
        book.write_text("web: {}\nphp: {}\nmysql: {}\nsites:\n" + "".join(f"  {site}: {options}\n" for site in sites))
        ran = host.lampctl("deploy", "HOST", "-p", str(book))
        return ran.code, ran.out

    return run


def owner(host: Host, path: str) -> str:
    return host.sh(f"stat -c %U {path}").strip()


def uid(host: Host, user: str) -> str:
    return host.sh(f"id -u {user} || :").strip()


def test_user_of_0_1_is_renamed_in_place_while_its_processes_run(host: Host, deploy: Deploy) -> None:
    was = host.sh(
        LEFT.format(user="site-shop-example-test", home="shop-example.test", sites="shop-example.test")
    ).strip()
    host.sh(
        "groupadd more; usermod -aG more site-shop-example-test; mkdir /var/lib/site-shop-example-test\n"
        "setsid setpriv --reuid=site-shop-example-test --clear-groups sleep 300 > /dev/null 2>&1 &\n"
    )
    code, output = deploy("dotted", "shop.example.test")
    assert code != 0
    assert "the Unix user site-shop-example-test has the home /var/www/shop-example.test" in output
    code, output = deploy("hyphenated", "shop-example.test")
    assert code == 0, output
    assert uid(host, "site-shop_example-test") == was
    assert uid(host, "site-shop-example-test") == ""
    assert owner(host, "/var/www/shop-example.test/upload") == "site-shop_example-test"
    assert host.sh("pgrep -u site-shop_example-test sleep").strip()
    assert "site-shop_example-test" in host.sh("getent group more")
    assert host.sh("ls -d /var/lib/site-shop*").split() == ["/var/lib/site-shop_example-test"]
    assert host.sh(
        "pwck -qr; grpck -qr; grep -c site-shop-e /etc/passwd /etc/shadow /etc/group /etc/gshadow", check=False
    ) == ("/etc/passwd:0\n/etc/shadow:0\n/etc/group:0\n/etc/gshadow:0\n")
    code, output = deploy("dotted", "shop.example.test")
    assert code == 0, output
    assert uid(host, "site-shop-example-test") not in ("", was)
    host.sh("pkill -u site-shop_example-test sleep")


def test_site_that_shared_a_user_gets_its_own_user_and_files(host: Host, deploy: Deploy) -> None:
    was = host.sh(LEFT.format(user="site-mail-list-test", home="mail.list.test", sites="mail.list.test mail-list.test"))
    # Links with which the other site might try to get ownership of foreign files.
    host.sh("ln -s /var/www/mail.list.test/upload /var/www/mail-list.test/a; ln -s /etc /var/www/mail-list.test/b")
    for name, site in (("dotted", "mail.list.test"), ("hyphenated", "mail-list.test")):
        code, output = deploy(name, site)
        assert code == 0, output
    assert uid(host, "site-mail-list-test") == was.strip()
    assert owner(host, "/var/www/mail.list.test/upload") == "site-mail-list-test"
    assert owner(host, "/var/www/mail-list.test/upload") == "site-mail_list-test"
    assert owner(host, "/etc /etc/passwd").split() == ["root", "root"]


@pytest.mark.parametrize(("dotted", "hyphenated", "first"), [("a.b.test", "a-b.test", 0), ("e.f.test", "e-f.test", 1)])
def test_two_similar_site_names_in_one_playbook(
    host: Host, deploy: Deploy, dotted: str, hyphenated: str, first: int
) -> None:
    sites, old = (dotted, hyphenated), f"site-{hyphenated.replace('.', '-')}"
    host.sh(LEFT.format(user=old, home=sites[first], sites=" ".join(sites)))
    code, output = deploy("both", *sites)
    assert code == 0, output
    users = [old, f"site-{hyphenated.replace('-', '_').replace('.', '-')}"]
    assert [owner(host, f"/var/www/{site}") for site in sites] == ["root", "root"]
    assert [owner(host, f"/var/www/{site}/upload") for site in sites] == users


def test_playbook_does_not_take_over_the_database_of_another(deploy: Deploy) -> None:
    code, output = deploy("first", "d.b.test", more=", database: true")
    assert code == 0, output
    code, output = deploy("second", "d-b.test", more=", database: true")
    assert code != 0
    assert "the database d_b_test belongs to the playbook first" in output
    code, output = deploy("renamed", "d.b.test", more=", database: true")
    assert code == 0, output
    code, output = deploy("first", "d.b.test", more=", database: true")
    assert code == 0, output
