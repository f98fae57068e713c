"""One web server replacing the other, and one in front of the other: which one serves, which one stops, what conflicts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lampctl.box import SUBNET
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.overrides import original, template
from tests.hosts.servers import SETTLED, reload
from tests.hosts.visitor import get, good, visit, visiting

pytestmark = pytest.mark.hosts

GAP = 3.0  # seconds without port 80 during a switch, at most, however busy the machine; docs/front.md has what was measured
# The kernel resets connections that are not accepted yet when the listening socket is closed.
REFUSED = {"ConnectionRefusedError", "ConnectionResetError"}
ADDRESS = "<?php header('X-Seen: ' . $_SERVER['REMOTE_ADDR']);"


def serving(host: Host) -> set[str]:
    return set(
        host.sh("systemctl is-active -q apache2 && echo apache2; systemctl is-active -q nginx && echo nginx; :").split()
    )


@ON_ONE_RELEASE
def test_foreign_web_server_is_left_alone(host: Host) -> None:
    host.sh("echo 'exit 101' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; apt-get -qq update;"
            "apt-get -qqy --no-install-recommends install nginx >/dev/null 2>&1; rm /usr/sbin/policy-rc.d;"
            "cp /etc/nginx/sites-available/default /root/default; sed -i 's/ 80 default/ 81 default/; s/:80 default/:81 default/' /etc/nginx/sites-available/default;"
            "systemctl enable -q --now nginx")  # fmt: skip
    ran = host.lampctl("deploy", "HOST", "--set", "php.memory_limit=99M")
    found = serving(host)
    host.sh("systemctl disable -q --now nginx; cp /root/default /etc/nginx/sites-available/default")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "conflict"), ran
    assert "nginx.service is active and enabled, and was not deployed by lampctl" in ran.host["error"]["message"]
    assert found == {"apache2", "nginx"}


@ON_ONE_RELEASE
def test_foreign_apache_is_left_alone(host: Host) -> None:
    """Set up as if lampctl had not deployed this Apache."""
    owned = "/var/lib/lampctl/owned/lamp"
    host.sh(f"cp {owned} /root/owned; sed -i '/conf-available.lampctl.conf/d' {owned}")
    ran = host.lampctl("deploy", "HOST", "-p", "lemp")
    host.sh(f"cp /root/owned {owned}")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "conflict"), ran
    assert serving(host) == {"apache2"}


@ON_ONE_RELEASE
def test_manually_changed_package_files_are_not_replaced(host: Host) -> None:
    host.sh("echo '# mine' >> /etc/nginx/nginx.conf")
    ran = host.lampctl("deploy", "HOST", "-p", "lemp")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "conflict"), ran
    assert "/etc/nginx/nginx.conf was edited" in ran.host["error"]["message"]
    assert host.sh("tail -n1 /etc/nginx/nginx.conf").strip() == "# mine"
    assert good(get(host.box.address))
    host.sh("sed -i '$d' /etc/nginx/nginx.conf")


@ON_ONE_RELEASE
def test_foreign_vhost_keeps_port_80(host: Host) -> None:
    host.sh(
        "printf '<VirtualHost *:80>\\nServerName mine.test\\n</VirtualHost>\\n' > /etc/apache2/sites-enabled/mine.conf"
    )
    ran = host.lampctl("deploy", "HOST", "-p", "front")
    host.sh("rm /etc/apache2/sites-enabled/mine.conf")
    assert (ran.code, ran.host["error"]["kind"]) == (1, "foreign-vhost"), ran
    assert serving(host) == {"apache2"}
    assert host.lampctl("deploy", "HOST").code == 0


@ON_ONE_RELEASE
def test_two_playbooks_with_a_default_site_can_share_a_host(host: Host) -> None:
    """The first one by name answers for unknown names; neither is refused because of the other."""
    assert host.lampctl("deploy", "HOST", "-p", "lemp").code == 0
    ran = host.lampctl("deploy", "HOST", "-p", "static")
    assert ran.code == 0, ran
    assert good(get(host.box.address))
    assert host.lampctl("check", "HOST", "-p", "lemp").code == 0
    host.sh("rm -r /var/lib/lampctl/owned/static /etc/nginx/sites-*/*static.test.conf")
    assert host.lampctl("deploy", "HOST").code == 0


@ON_ONE_RELEASE
def test_map_settings_of_others_in_conf_d_are_valid(host: Host) -> None:
    """NGINX accepts them only before the first map."""
    host.sh("printf 'map_hash_bucket_size 256;\\nmap_hash_max_size 4096;\\n' > /etc/nginx/conf.d/zz-theirs.conf")
    ran = host.lampctl("deploy", "HOST", "-p", "lemp", "--set", "sites.lamp.test.tls=self-signed")
    host.sh("rm /etc/nginx/conf.d/zz-theirs.conf")
    assert ran.code == 0, ran
    assert host.lampctl("deploy", "HOST").code == 0


@ON_ONE_RELEASE
@pytest.mark.parametrize("playbook", ["lemp", "front"])
def test_port_80_returns_to_apache_if_nginx_cannot_start(host: Host, tmp_path: Path, playbook: str) -> None:
    """The config passes NGINX's own validation, but NGINX can't start: sshd has that port."""
    text = original("nginx/nginx.conf.j2").replace(
        "    include /etc/nginx/conf.d", "    server { listen 22; }\n    include /etc/nginx/conf.d"
    )
    ran = host.lampctl("deploy", "HOST", "-p", playbook, cwd=template(tmp_path, "nginx/nginx.conf.j2", text))
    assert (ran.code, ran.host["error"]["kind"]) == (1, "service"), ran.out
    assert "start nginx.service failed; rolled back to the previous files" in ran.host["error"]["message"]
    assert serving(host) == {"apache2"}
    assert good(get(host.box.address))
    assert host.lampctl("plan", "HOST").changes == {}


@pytest.mark.parametrize(
    ("former", "playbook"),
    [("lamp", "front"), ("front", "lemp"), ("lemp", "lamp"), ("lamp", "lemp"), ("lemp", "front"), ("front", "lamp")],
)
def test_switch_of_web_server_has_a_short_gap(host: Host, former: str, playbook: str) -> None:
    if host.lampctl("plan", "HOST", "-p", former).changes:
        host.lampctl("deploy", "HOST", "-p", former)
    with visiting(host.box.address, good) as visits:
        ran = host.lampctl("deploy", "HOST", "-p", playbook)
    assert ran.code == 0, ran
    assert set(ran.results.values()) == {"pass"}
    assert visits.kinds <= REFUSED
    assert visits.gap < GAP
    host.sh(SETTLED)
    assert host.lampctl("plan", "HOST", "-p", playbook).changes == {}
    if "lamp" not in (former, playbook):
        assert visits.failures == [], "NGINX had port 80 before and after"


def test_switch_of_web_server_removes_the_previous_servers_files(host: Host) -> None:
    # This playbook takes over the resources of other tests' playbooks.
    host.sh(
        "cd /var/lib/lampctl/owned && touch front lemp static && cat front lemp static >> lamp && rm front lemp static"
    )
    left = "find /etc/apache2 /etc/nginx -exec grep -l 'Managed by lampctl' {} + 2>/dev/null | cut -d/ -f3 | sort -u"
    assert host.lampctl("deploy", "HOST", "--set", "web.server=nginx").code == 0
    assert host.sh(left).split() == ["nginx"]
    assert host.sh("dpkg -V apache2 apache2-bin; dpkg-divert --list '*ports.conf'") == ""
    host.sh(SETTLED)
    assert host.lampctl("plan", "HOST", "--set", "web.server=nginx").changes == {}
    assert host.lampctl("deploy", "HOST").code == 0
    assert host.sh(left).split() == ["apache2"]
    assert host.sh("dpkg -V nginx nginx-common; dpkg-divert --list '*nginx.conf'") == ""
    host.sh(SETTLED)
    assert serving(host) == {"apache2"}
    assert good(get(host.box.address))


def test_apache_behind_nginx_sees_the_visitor_and_trusts_only_nginx(host: Host, tmp_path: Path) -> None:
    book = tmp_path / "front.yml"
    book.write_text(
        "extends: front\nsites: {lamp.test: {default: true, database: true}, s.test: {type: static, aliases: [t.test]}}\n"
    )
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 0, ran
    assert set(ran.results.values()) == {"pass"}
    host.sh(
        f'echo "{ADDRESS.replace("$", chr(92) + "$")}" > /var/www/lamp.test/address.php; mkdir -p /var/www/lamp.test/folder'
    )
    address = host.box.address
    mine = f"{SUBNET}.1"
    lies = "X-Real-IP: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\n"
    answer = get(address, "/address.php", "lamp.test", lies)
    assert f"X-Seen: {mine}\r\n" in answer
    assert answer.count("nosniff") == 1
    assert visit(address, good, "nobody.test") == ""
    assert host.sh("tail -n1 /var/log/apache2/lamp.test.access.log").startswith(f"{mine} - - ")
    assert host.sh("tail -n1 /var/log/nginx/lamp.test.access.log").startswith(f"{mine} - - ")
    assert "9.9.9.9" not in host.sh("cat /var/log/apache2/lamp.test.access.log")
    with pytest.raises(ConnectionRefusedError):
        get(address, port=8080)
    assert "Location: http://lamp.test/folder/\r\n" in get(address, "/folder", "lamp.test")
    assert get(address, "/", "t.test").startswith("HTTP/1.1 200")
    assert get(address, "/.git/config", "s.test").startswith("HTTP/1.1 403")


@ON_ONE_RELEASE
@pytest.mark.parametrize(
    ("breaks", "culprit", "passes"),
    [
        ("systemctl stop apache2", "web.service", "web.front"),
        ("systemctl stop nginx", "web.front", "web.behind@lamp.test"),
        ("sed -i s/127.0.0.1:8080/127.0.0.1:8079/ /etc/nginx/nginx.conf; " + reload("nginx"), "web.static@lamp.test", "web.behind@lamp.test"),
    ],
)  # fmt: skip
def test_check_names_which_of_the_two_servers_is_broken(host: Host, breaks: str, culprit: str, passes: str) -> None:
    if "web.front" not in host.lampctl("check", "HOST", "-p", "front").results or serving(host) == {"apache2"}:
        host.lampctl("deploy", "HOST", "-p", "front")
    host.sh(breaks)
    ran = host.lampctl("check", "HOST", "-p", "front")
    assert ran.host["culprit"]["id"] == culprit
    assert ran.results[passes] == "pass"
    assert ran.results["site.outside@lamp.test"] == "blocked"
    assert host.lampctl("deploy", "HOST", "-p", "front").code == 0


@ON_ONE_RELEASE
def test_nginx_keeps_port_80_if_apache_cannot_take_it_over(host: Host, tmp_path: Path) -> None:
    """`Listen 22` passes apache2ctl -t, but sshd has that port."""
    text = re.sub("Listen 80", "Listen 22\nListen 80", original("apache/ports.conf.j2"))
    ran = host.lampctl("deploy", "HOST", cwd=template(tmp_path, "apache/ports.conf.j2", text))
    assert (ran.code, ran.host["error"]["kind"]) == (1, "service"), ran.out
    assert "rolled back to the previous files" in ran.host["error"]["message"]
    assert serving(host) == {"apache2", "nginx"}
    assert good(get(host.box.address))
    assert host.lampctl("plan", "HOST", "-p", "front").changes == {}
    assert host.lampctl("deploy", "HOST").code == 0
