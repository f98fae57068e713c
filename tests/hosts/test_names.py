"""Two sites whose names differ by a dot and a hyphen on one host: each has a user of its own, whoever came first, also
on a host on which lampctl 0.1 had given both the same one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

Deploy = Callable[..., tuple[int, str]]
# What 0.1 left: a user, whose home is one of the two sites', and what both sites wrote as that user.
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


def test_the_user_of_0_1_is_renamed_in_place_while_its_processes_run(host: Host, deploy: Deploy) -> None:
    was = host.sh(
        LEFT.format(user="site-shop-example-test", home="shop-example.test", sites="shop-example.test")
    ).strip()
    host.sh(
        "groupadd more; usermod -aG more site-shop-example-test; mkdir /var/lib/site-shop-example-test\n"
        "setsid setpriv --reuid=site-shop-example-test --clear-groups sleep 300 > /dev/null 2>&1 &\n"
    )
    code, said = deploy("dotted", "shop.example.test")
    assert code != 0
    assert "the Unix user site-shop-example-test has the home /var/www/shop-example.test" in said
    code, said = deploy("hyphenated", "shop-example.test")
    assert code == 0, said
    assert uid(host, "site-shop_example-test") == was
    assert uid(host, "site-shop-example-test") == ""
    assert owner(host, "/var/www/shop-example.test/upload") == "site-shop_example-test"
    assert host.sh("pgrep -u site-shop_example-test sleep").strip()
    assert "site-shop_example-test" in host.sh("getent group more")
    assert host.sh("ls -d /var/lib/site-shop*").split() == ["/var/lib/site-shop_example-test"]
    assert host.sh(
        "pwck -qr; grpck -qr; grep -c site-shop-e /etc/passwd /etc/shadow /etc/group /etc/gshadow", check=False
    ) == ("/etc/passwd:0\n/etc/shadow:0\n/etc/group:0\n/etc/gshadow:0\n")
    code, said = deploy("dotted", "shop.example.test")
    assert code == 0, said
    assert uid(host, "site-shop-example-test") not in ("", was)
    host.sh("pkill -u site-shop_example-test sleep")


def test_a_site_that_had_anothers_user_gets_its_own_and_its_files(host: Host, deploy: Deploy) -> None:
    was = host.sh(LEFT.format(user="site-mail-list-test", home="mail.list.test", sites="mail.list.test mail-list.test"))
    # What the other tenant could have left to have files of others given to it.
    host.sh("ln -s /var/www/mail.list.test/upload /var/www/mail-list.test/a; ln -s /etc /var/www/mail-list.test/b")
    for name, site in (("dotted", "mail.list.test"), ("hyphenated", "mail-list.test")):
        code, said = deploy(name, site)
        assert code == 0, said
    assert uid(host, "site-mail-list-test") == was.strip()
    assert owner(host, "/var/www/mail.list.test/upload") == "site-mail-list-test"
    assert owner(host, "/var/www/mail-list.test/upload") == "site-mail_list-test"
    assert owner(host, "/etc /etc/passwd").split() == ["root", "root"]


@pytest.mark.parametrize(("dotted", "hyphenated", "first"), [("a.b.test", "a-b.test", 0), ("e.f.test", "e-f.test", 1)])
def test_both_in_one_playbook(host: Host, deploy: Deploy, dotted: str, hyphenated: str, first: int) -> None:
    sites, old = (dotted, hyphenated), f"site-{hyphenated.replace('.', '-')}"
    host.sh(LEFT.format(user=old, home=sites[first], sites=" ".join(sites)))
    code, said = deploy("both", *sites)
    assert code == 0, said
    users = [old, f"site-{hyphenated.replace('-', '_').replace('.', '-')}"]
    assert [owner(host, f"/var/www/{site}") for site in sites] == ["root", "root"]
    assert [owner(host, f"/var/www/{site}/upload") for site in sites] == users


def test_a_playbook_does_not_take_over_the_database_of_another(deploy: Deploy) -> None:
    code, said = deploy("first", "d.b.test", more=", database: true")
    assert code == 0, said
    code, said = deploy("second", "d-b.test", more=", database: true")
    assert code != 0
    assert "the database d_b_test belongs to the playbook first" in said
    code, said = deploy("renamed", "d.b.test", more=", database: true")
    assert code == 0, said
    code, said = deploy("first", "d.b.test", more=", database: true")
    assert code == 0, said
