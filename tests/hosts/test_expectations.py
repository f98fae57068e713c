"""What web people expect of any site: denied paths, redirects, headers, logins, trusted proxies and methods, alike behind
Apache, NGINX, and NGINX before Apache."""

from __future__ import annotations

import base64
import re

import pytest

from tests.hosts.conftest import Host
from tests.hosts.requested import SETUPS
from tests.hosts.ruled import CLIENT, FROM_PROXY, HEADER, PLAYBOOK, get, gets, project, statuses
from tests.hosts.servers import SETTLED

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module", params=SETUPS)
def served(fresh: Host, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Host:
    folder = tmp_path_factory.mktemp("ruled")
    project(folder)
    proxy = fresh.sh("ip -o route get 1.1.1.1 | sed -n 's/.* via \\([0-9.]*\\).*/\\1/p'").strip()
    (folder / "site.yml").write_text(PLAYBOOK.format(web=SETUPS[request.param], proxy=proxy))
    ran = fresh.lampctl("deploy", "HOST", "-p", "site.yml", cwd=folder)
    assert ran.code == 0, ran
    assert ran.results["site.login@closed.test"] == ran.results["site.redirects@ruled.test"] == "pass"
    assert fresh.lampctl("plan", "HOST", "-p", "site.yml", cwd=folder).changes == {}
    fresh.sh(SETTLED)
    return fresh


def test_paths_are_denied_by_default(served: Host) -> None:
    denied = [".env", "composer.json", "COMPOSER.lock", "dump.sql", "debug.log"]
    beside = ["vendor/a.txt", "tests/a.txt", "node_modules/a.txt"]
    shown = [".well-known/a.txt", "page.txt", "lib/vendor/a.txt", "docs/a.md"]
    for site in ("plain.test", "files.test"):
        found = statuses(served, site, [*denied, *beside, *shown])
        assert found == {**dict.fromkeys([*denied, *beside], "403"), **dict.fromkeys(shown, "200")}, site
    found = statuses(served, "app.test", [*denied, "secret/a.txt", *shown, *beside])
    assert found == {**dict.fromkeys([*denied, "secret/a.txt"], "403"), **dict.fromkeys([*shown, *beside], "200")}


def test_playbook_denies_and_allows(served: Host) -> None:
    denied = [".env", "secret/a.txt", "Secret/a.txt", "docs/a.md", "vendor/a.txt", "odd%20%24name;%20%7B%7D%22'/a.txt"]
    shown = ["debug.log", "vendor/open/a.txt", "docs/a.txt", "page.txt"]
    found = statuses(served, "ruled.test", [*denied, *shown], tls=True)
    assert found == {**dict.fromkeys(denied, "403"), **dict.fromkeys(shown, "200")}


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/old", "https://ruled.test/new"),
        ("/old?a=1&b=%20", "https://ruled.test/new?a=1&b=%20"),
        ("/moved", "https://e.test/a%20b%241%22%7B%7D;b?x=1"),
        ("/moved?y=2", "https://e.test/a%20b%241%22%7B%7D;b?x=1&y=2"),
        ("/o%20%24x%22'%7B1%7D;!.html?q", "https://ruled.test/found?q"),
    ],
)
def test_paths_are_redirected_with_their_query(served: Host, target: str, location: str) -> None:
    (found,) = gets(served.box.address, [get("ruled.test", target, tls=True)])
    assert (found["status"], found.get("location")) == ("301", location)


def test_www_is_redirected_to_the_site_s_name(served: Host) -> None:
    plain, secure, other = gets(
        served.box.address,
        [
            get("www.ruled.test", "/a?b=c"),
            get("www.ruled.test", "/a?b=c", tls=True),
            get("ruled.test", "/older", tls=True),
        ],
    )
    assert (plain["status"], plain["location"]) == ("301", "https://ruled.test/a?b=c")
    assert (secure["status"], secure["location"]) == ("301", "https://ruled.test/a?b=c")
    assert other["status"] == "404"
    names = served.sh("openssl x509 -noout -ext subjectAltName -in /etc/lampctl/tls/ruled.test/certificate.pem")
    assert "DNS:www.ruled.test" in names


def headers(host: Host, url: str) -> dict[str, str]:
    """Name in lower case → all values."""
    text = host.sh(f"curl -skD- -o /dev/null --resolve '*:80:127.0.0.1' --resolve '*:443:127.0.0.1' '{url}'")
    found: dict[str, str] = {}
    for name, value in re.findall(r"^([A-Za-z-]+): (.*?)\r?$", text, re.MULTILINE):
        found[name.lower()] = f"{found[name.lower()]} | {value}" if name.lower() in found else value
    return found


def test_headers_are_added_where_the_application_sent_none(served: Host) -> None:
    served.sh("command -v curl >/dev/null || apt-get install -y -q curl >/dev/null 2>&1")
    names = ("x-content-type-options", "x-frame-options", "referrer-policy", "content-security-policy", "x-odd")
    values = {
        "http://plain.test/page.txt": ("nosniff", "SAMEORIGIN", "strict-origin-when-cross-origin", None, None),
        "http://plain.test/tell.php?own": ("nosniff", "DENY", "strict-origin-when-cross-origin", None, "own"),
        "http://app.test/page.txt": ("nosniff", "SAMEORIGIN", "strict-origin-when-cross-origin", None, None),
        "https://ruled.test/page.txt": ("nosniff", None, "no-referrer", None, HEADER),
        "https://ruled.test/none": ("nosniff", None, "no-referrer", None, HEADER),
        "https://ruled.test/tell.php?own": ("nosniff", "DENY", "no-referrer", None, "own"),
    }
    assert {url: tuple(map(headers(served, url).get, names)) for url in values} == values


def test_other_methods_are_refused(served: Host) -> None:
    wanted = [
        get("ruled.test", "/tell.php", tls=True, method=method) for method in ("GET", "HEAD", "POST", "PUT", "DELETE")
    ]
    assert [facts["status"] for facts in gets(served.box.address, wanted)] == ["200", "200", "200", "405", "405"]


def test_login_is_asked_for_and_accepted(served: Host) -> None:
    files = {user: f"/etc/lampctl/secrets/login@closed.test@{user}.conf" for user in ("jane", "joe.2")}
    passwords = {
        user: served.sh(f"sed -n 's/^env.*\"\\(.*\\)\"$/\\1/p' {path}").strip() for user, path in files.items()
    }
    assert all(len(password) == 32 for password in passwords.values())
    known = [_authorization(user, password) for user, password in passwords.items()]
    wrong = _authorization("jane", passwords["joe.2"])
    (vault,) = gets(served.box.address, [get("vault.test", "/page.txt", tls=True)])
    assert vault["status"] == "401"
    served.sh("echo token > /var/www/lampctl/.well-known/acme-challenge/token")
    asked = [("/page.txt",), ("/page.txt", wrong), ("/page.txt", known[0]), ("/tell.php", known[1]), ("/tell.php",),
             ("/.env", known[0]), ("/.well-known/acme-challenge/token",), ("/.well-known/a.txt",)]  # fmt: skip
    found = gets(served.box.address, [get("closed.test", *one) for one in asked])
    assert [facts["status"] for facts in found] == ["401", "401", "200", "200", "401", "403", "200", "401"]
    assert found[0]["www-authenticate"].replace(', charset="UTF-8"', "") == 'Basic realm="closed.test"'
    assert (found[3]["REMOTE_USER"], found[3]["AUTH_TYPE"]) == ("joe.2", "Basic")
    files_of_servers = served.sh("stat -c %U:%G:%a /etc/*/lampctl-logins/closed.test | sort -u")
    assert files_of_servers.split() == ["root:www-data:640"]
    assert not any(password in served.sh("cat /var/lib/lampctl/runs/*/*") for password in passwords.values())


def _authorization(user: str, password: str) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def test_trusted_proxy_tells_the_visitor_s_address_and_scheme(served: Host) -> None:
    """This machine is the proxy of behind.test; for cdn.test it is a visitor who claims to be somebody else."""
    wanted = [
        get("behind.test", "/tell.php", *FROM_PROXY),
        get("behind.test", "/tell.php", FROM_PROXY[0], tls=True),
        get("cdn.test", "/tell.php", *FROM_PROXY),
    ]
    told, secure, claimed = gets(served.box.address, wanted)
    seen = {"status": "200", "REMOTE_ADDR": CLIENT, "REQUEST_SCHEME": "https", "HTTPS": "on", "SERVER_PORT": "443"}
    assert told == {**told, **seen}
    assert told["strict-transport-security"] == "max-age=300"
    assert told.get("HTTP_X_FORWARDED_FOR") in (None, CLIENT)  # NGINX tells Apache, in this header as well
    assert (secure["REMOTE_ADDR"], secure["HTTPS"]) == (CLIENT, "on")
    assert claimed["REMOTE_ADDR"] != CLIENT
    assert (claimed["REQUEST_SCHEME"], claimed["SERVER_PORT"], claimed.get("HTTPS")) == ("http", "80", None)
    assert served.sh(f"cat /var/log/*/behind.test.access.log | grep -c '^{CLIENT} '").strip() != "0"


def test_redirects_behind_a_trusted_proxy_do_not_loop(served: Host) -> None:
    wanted = [
        get("behind.test", "/tell.php?a=1"),
        get("behind.test", "/sub", *FROM_PROXY),
        get("behind.test", "/tell.php?to=http://e.test/x", *FROM_PROXY),
    ]
    plain, folder, other = gets(served.box.address, wanted)
    assert (plain["status"], plain["location"]) == ("301", "https://behind.test/tell.php?a=1")
    # NGINX's has no host, and so the scheme that the visitor uses; this request was made over HTTP.
    assert folder["status"] == "301"
    assert folder["location"] in ("https://behind.test/sub/", "http://behind.test/sub/")
    assert other["location"] == "http://e.test/x"
