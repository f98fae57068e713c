"""Attacks of visitors on the web servers: paths that run another file than the one the rules matched, and forged headers.

Each attack is tried on Apache, on NGINX, and on NGINX in front of Apache.
"""

from __future__ import annotations

import json
import time

import pytest

from tests.hosts.bait import PREPARE, SEEN, Served
from tests.hosts.conftest import ON_ONE_RELEASE, Host
from tests.hosts.visitor import send

pytestmark = [pytest.mark.hosts, ON_ONE_RELEASE]

SETUPS = {
    "apache": "web: {server: apache}",
    "nginx": "web: {server: nginx}",
    "front": "web: {server: apache, front: nginx}",
}
BOOK = """extends: lamp
{web}
sites:
  lamp.test: {{default: true, database: true}}
  safe.test: {{type: static, aliases: [www.safe.test], tls: {{mode: self-signed}}}}
  auth.test: {{type: php, allow_override: {htaccess}}}
  word.test: {{type: wordpress, email: a@example.test}}
"""


@pytest.fixture(scope="module", params=SETUPS)
def served(request: pytest.FixtureRequest, host: Host, tmp_path_factory: pytest.TempPathFactory) -> Served:
    book = tmp_path_factory.mktemp("web") / "site.yml"
    book.write_text(BOOK.format(web=SETUPS[request.param], htaccess="false" if request.param == "nginx" else "true"))
    ran = host.lampctl("deploy", "HOST", "-p", str(book))
    assert ran.code == 0, ran
    host.sh(PREPARE)
    return Served(host, request.param, str(book))


@pytest.mark.parametrize(
    ("site", "path"),
    [
        (site, path)
        for site, target in (
            ("word.test", "/wp-content/uploads/evil.php"),
            ("auth.test", "/admin/index.php"),
            ("auth.test", "/.hidden/evil.php"),
            ("lamp.test", "/.hidden/evil.php"),
        )
        for path in (
            f"/index.php{target}",
            f"/index.php/{target}",
            f"/index.php/.{target}",
            f"/index.php%2F{target[1:]}",
            f"/index.php/x/..{target}",
            f"/index.php%00{target}",
            f"/index.php/..{target}",
            f"/none.php{target}",
            f"/{target}",
            f"/.{target}",
            f"{target}/x",
            f"{target}/index.php",
            f"{target}.",
            f"{target}%20",
            f"{target}%00.txt",
            target.upper(),
            target.replace("p", "%70", 1),
        )
    ],
)
def test_no_path_runs_files_that_the_rules_deny(served: Served, site: str, path: str) -> None:
    if served.setup == "nginx" and "admin" in path:
        pytest.skip("NGINX has no .htaccess")
    status, answer = served.get(site, path)
    assert SEEN not in answer, answer
    assert "<?php" not in answer, answer
    if answer.endswith("}"):
        assert json.loads(answer.partition("\r\n\r\n")[2])["file"] == f"/var/www/{site}/index.php"
    assert status in (200, 301, 302, 400, 401, 403, 404), answer


@pytest.mark.parametrize("tail", ["", "/", "/x", "/index.php", "/../install.php?step=1", "%2Fx"])
def test_wordpress_installer_is_closed_with_any_path_appended(served: Served, tail: str) -> None:
    status, answer = served.get("word.test", f"/wp-admin/install.php{tail}")
    assert status in (403, 404), answer


def test_basic_auth_still_works(served: Served) -> None:
    if served.setup == "nginx":
        pytest.skip("NGINX has no .htaccess")
    status, answer = served.get("auth.test", "/admin/index.php", "Authorization: Basic YWRtaW46c2VjcmV0\r\n")
    assert (status, SEEN in answer) == (200, True)
    assert served.get("auth.test", "/admin/index.php")[0] == 401


@pytest.mark.parametrize(
    ("path", "script", "info"),
    [
        ("/index.php", "/index.php", None),
        ("/index.php?a=b/c.php", "/index.php", None),
        ("/index.php/", "/index.php", "/"),
        ("/index.php/some/path?a=b", "/index.php", "/some/path"),
        ("/index.php/a%20b/%C3%A9", "/index.php", "/a b/é"),
        ("/index.php/admin/index.php", "/index.php", "/admin/index.php"),
        ("/app.php.d/index.php/x", "/app.php.d/index.php", "/x"),
    ],
)
def test_php_gets_the_right_script_and_path_info(served: Served, path: str, script: str, info: str | None) -> None:
    root = "/var/www/lamp.test"
    assert served.server_variables("lamp.test", path) == {
        "SCRIPT_FILENAME": root + script,
        "SCRIPT_NAME": script,
        "PATH_INFO": info,
        "PHP_SELF": script + (info or ""),
        "REQUEST_URI": path,
        "DOCUMENT_ROOT": root,
        "PATH_TRANSLATED": None,
        "QUERY_STRING": path.partition("?")[2],
        "file": root + script,
    }


def test_wordpress_scripts_get_their_path_info(served: Served) -> None:
    found = served.server_variables("word.test", "/wp-content/tell.php/a/b")
    assert (found["PATH_INFO"], found["file"]) == ("/a/b", "/var/www/word.test/wp-content/tell.php")


def test_apache_behind_nginx_answers_only_nginx(served: Served) -> None:
    """A site's user connects to Apache's port with forged headers."""
    if served.setup != "front":
        pytest.skip("Apache is not behind NGINX")
    lies = ["X-Real-IP: 9.9.9.9", "X-Forwarded-Proto: https", "X-Lampctl-Front: yes", "X-Lampctl-Front: no",
            "X-Lampctl-Front-${LAMPCTL_FRONT}: 9.9.9.9", "X-Lampctl-Front: "]  # fmt: skip
    for lie in ("", *lies):
        request = f"GET /index.php HTTP/1.0\\r\\nHost: lamp.test\\r\\n{lie}\\r\\n{chr(92)}r\\n"
        answer = served.host.sh(
            "setpriv --reuid=site-auth-test --clear-groups bash -c "
            f"'exec 3<>/dev/tcp/127.0.0.1/8080; printf \"{request}\" >&3; cat <&3'"
        )
        assert answer.split()[1] in ("400", "403"), answer
    assert "9.9.9.9" not in served.host.sh("cat /var/log/apache2/*.log")
    secret = served.host.sh("sed -n 's/^Define LAMPCTL_FRONT //p' /etc/lampctl/secrets/@front.apache").strip()
    assert len(secret) == 32
    served.host.sh("echo '<?php echo json_encode($_SERVER);' > /var/www/lamp.test/server.php")
    lie = "X-Forwarded-Host: evil\r\nForwarded: for=9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
    found = json.loads(served.get("lamp.test", "/server.php", lie)[1].partition("\r\n\r\n")[2])
    assert secret not in json.dumps(found)
    assert "9.9.9.9" not in json.dumps(found)
    assert found["HTTP_X_FORWARDED_HOST"] == "lamp.test"
    assert "HTTP_UPGRADE" not in found


def test_servers_hide_their_version(served: Served) -> None:
    answer = served.get("lamp.test", "/")[1]
    assert "Server: Apache\r\n" in answer or "Server: nginx\r\n" in answer, answer


def test_other_users_cannot_read_logs(served: Served) -> None:
    """Neither before nor after a rotation; and the server still writes to them."""
    served.get("safe.test", "/reset?token=before")
    served.host.sh("command -v logrotate >/dev/null || apt-get -qqy install logrotate >/dev/null 2>&1")
    served.host.sh(
        "for conf in nginx apache2; do [ ! -e /etc/logrotate.d/$conf ] || logrotate -f /etc/logrotate.d/$conf; done"
    )
    log = f"/var/log/{'apache2' if served.setup == 'apache' else 'nginx'}/safe.test.access.log"
    served.host.sh(
        f"for i in $(seq 50); do bash -c ': < /dev/tcp/127.0.0.1/80'; [ -s {log}.1 ] && break; sleep .1; done"
    )
    served.get("safe.test", "/reset?token=after")
    assert "token=before" in served.host.sh(f"cat {log} {log}.1")
    # An old worker might still accept a request, and write to the rotated file.
    deadline = time.monotonic() + 20
    while "token=after" not in served.host.sh(f"cat {log}"):
        assert time.monotonic() < deadline
        served.get("safe.test", "/reset?token=after")
    read = "setpriv --reuid=site-auth-test --regid=site-auth-test --clear-groups sh -c 'cat /var/log/*/*.log 2>/dev/null; ls {}'"
    seen = served.host.sh(read.format(log.rsplit("/", 1)[0]) + " ; for file in /var/log/nginx/* /var/log/apache2/*; do "
                          "setpriv --reuid=site-auth-test --regid=site-auth-test --clear-groups cat $file 2>/dev/null; done", check=False)  # fmt: skip
    assert "GET" not in seen
    assert "token" in served.host.sh(f"setpriv --reuid=nobody --regid=adm --clear-groups cat {log}")


LEFTOVERS = ["a.php~", "a.php.bak", "a.BAK", "a.phtml", "a.PHP", "a.Php", "a.php5", "a.phar", "dump.sql", "a.orig",
             "a.php.swp", "a.inc", "a.dist", "a.save", "a.old", "a.phps"]  # fmt: skip


@pytest.mark.parametrize("site", ["lamp.test", "word.test"])
def test_leftover_files_are_not_served(served: Served, site: str) -> None:
    folder = "/var/www/word.test/wp-content" if site == "word.test" else f"/var/www/{site}"
    url = "/wp-content/" if site == "word.test" else "/"
    served.host.sh(
        "; ".join(f"echo '<?php {SEEN}' > '{folder}/{name}'; chmod 644 '{folder}/{name}'" for name in LEFTOVERS)
    )
    for name in LEFTOVERS:
        status, answer = served.get(site, url + name)
        assert (status in (403, 404), SEEN in answer) == (True, False), (name, answer)


@pytest.mark.parametrize(
    ("asked", "to"),
    [("safe.test", "safe.test"), ("www.safe.test", "www.safe.test"), ("WWW.safe.test", "www.safe.test")],
)
def test_redirect_to_https_uses_a_name_of_the_site(served: Served, asked: str, to: str) -> None:
    answer = served.get(asked, "/a/b?c=d")[1]
    assert f"location: https://{to}/a/b?c=d\r\n" in answer.lower(), answer


def test_redirect_to_https_does_not_repeat_a_foreign_name(served: Served) -> None:
    request = "GET http://evil.test/x HTTP/1.1\r\nHost: safe.test\r\nConnection: close\r\n\r\n"
    assert "https://evil.test" not in send(served.host.box.address, request.encode())
