"""Routes: what a playbook may say, what both web servers are told of them, and how their checks judge."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from lampctl.checks import Check, Evidence, HostProbe, Status
from lampctl.engine.library import Files
from lampctl.engine.offline import rendered
from lampctl.errors import PlaybookError
from lampctl.facts import Facts
from lampctl.layers import Context, denied, desired
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.playbook.sites import ProcessSite, StaticSite
from lampctl.resources.kind import States

BOOK = """
web: {{server: nginx}}
php: {{}}
sites:
  shop.test:
    type: static
{shop}
  api.test: {{type: process, command: ./a, port: 8000, probe: /health, aliases: [old.api.test]}}
  php.test: {{type: php}}
  closed.test: {{type: process, command: ./a, port: 8100, basic_auth: {{jane: {{secret: generate}}}}}}
"""
ROUTES = """    routes:
      /api/: {site: api.test}
      /api/v2/: {upstream: ["http://10.0.0.7:80", "http://10.0.0.8:80"], strip: true, timeout: 7}
      /svc/: {site: api.test, strip: true}
      /far/: {upstream: "https://far.example:444", probe: /far/there}"""
WRONG = {
    "{/api/: {site: ape.test}}": "7: sites → shop.test → routes → /api/ → site: the playbook has no site ape.test; did you mean api.test?",
    "{/api/: {site: old.api.test}}": "the playbook has no site old.api.test; old.api.test is a name of api.test: use that",
    "{/api/: {site: shop.test}}": "7: sites → shop.test → routes → /api/ → site: goes to shop.test itself",
    "{/api/: {site: php.test}}": "/api/ → site: php.test is of the type php",
    "{/api/: {site: closed.test}}": "/api/ → site: closed.test has `basic_auth`",
    "{/api/: {upstream: \"http://127.0.0.1:80\"}}": "/api/ → upstream: http://127.0.0.1:80 is the web server itself",
    "{/api/: {upstream: [\"http://10.0.0.7:80\", \"http://old.api.test\"]}}": "http://old.api.test is the web server itself",
    "{/api/: {upstream: \"http://10.0.0.7/v1\"}}": "is not a valid upstream",
    "{/api/: {upstream: [\"http://a:1\", \"https://b:1\"]}}": "the upstreams are all http:// or all https://",
    "{/api/: {upstream: []}}": "should list at least 1",
    "{/api/: {}}": "7: sites → shop.test → routes → /api/: a route has either a `site` or an `upstream`",
    "{/api/: {site: api.test, upstream: \"http://a:1\"}}": "a route has either a `site` or an `upstream`",
    "{/api/: {site: api.test, timeout: 7}}": "/api/ → timeout: is the one of api.test: set it there",
    "{/api/: {site: api.test, probe: /health}}": "/api/ → probe: /health is not below /api/",
    "{/api: {site: api.test}}": "is not the URL path of a folder",
    "{api/: {site: api.test}}": "is not the URL path of a folder",
    "{/: {site: api.test}}": "is not the URL path of a folder",
    "{/.well-known/acme-challenge/: {site: api.test}}": "is not the URL path of a folder",
    "{/a b/: {site: api.test}}": "is not the URL path of a folder",
    "{/api/: {site: api.test}, /api/: {site: api.test}}": "/api/",
    "{/api/: {site: api.test}}\n    redirects: {/api/old: /new}": "8: sites → shop.test → redirects → /api/old: is below the route /api/",
}  # fmt: skip


def write(folder: Path, shop: str) -> str:
    (folder / "site.yml").write_text(BOOK.format(shop=shop))
    return str(folder / "site.yml")


@pytest.mark.parametrize("text", WRONG)
def test_wrong_routes_have_one_message_with_its_place(tmp_path: Path, text: str) -> None:
    path = write(tmp_path, f"    routes: {text}")
    with pytest.raises(PlaybookError) as caught:
        load(path, (), Files())
    message = caught.value.message
    assert message.startswith(f"{path}:")
    assert WRONG[text] in message
    assert len(message.splitlines()) == 1


def test_sites_can_have_routes_to_each_other(tmp_path: Path) -> None:
    """A route leads to a program, not to the routes of its site: no request goes round."""
    text = BOOK.format(shop="    routes: {/api/: {site: api.test}}").replace(
        "probe: /health", "routes: {/b/: {site: b.test}}"
    )
    text += "  b.test: {type: process, command: ./b, port: 8200, routes: {/a/: {site: api.test}}}\n"
    (tmp_path / "site.yml").write_text(text)
    files = rendered(str(tmp_path / "site.yml"), (), "debian-13", Files())
    vhost = files["/etc/nginx/sites-available/b.test.conf"]
    upstream = vhost.partition("upstream site-b-test--route1 {")[2].partition("}")[0]
    assert re.findall("server (.*?) ", upstream) == ["127.0.0.1:8000"]


@pytest.mark.parametrize("server", ["nginx", "apache"])
def test_the_longest_path_comes_first_and_is_excepted_from_the_shorter(tmp_path: Path, server: str) -> None:
    files = rendered(write(tmp_path, ROUTES), (f"web.server={server}",), "debian-13", Files())
    vhost = files[f"/etc/{'nginx' if server == 'nginx' else 'apache2'}/sites-available/shop.test.conf"]
    pattern = r"location \^~ (\S+) \{" if server == "nginx" else r'ProxyPass "(\S+)" "balancer'
    assert [path for path in re.findall(pattern, vhost) if "acme" not in path] == [
        "/api/v2/",
        "/api/",
        "/far/",
        "/svc/",
    ]
    assert r"(?=/api/(?!v2/))" in vhost
    assert "^(?!/api/|/api/v2/|/svc/|/far/)" in vhost


def test_front_leaves_routes_to_apache(tmp_path: Path) -> None:
    files = rendered(write(tmp_path, ROUTES), ("web.server=apache", "web.front=nginx"), "debian-13", Files())
    front = files["/etc/nginx/sites-available/shop.test.conf"]
    assert front.count("proxy_pass http://behind;") == 5
    assert "10.0.0.7" not in front
    assert "lampctl_routed" not in front


@pytest.mark.parametrize(
    ("outer", "inner", "stripped", "wanted"),
    [
        ({}, {}, "", {"/api/.env", "/api/a.sql"}),
        ({}, {"deny": ["/in/"]}, "", {"/api/.env", "/api/a.sql"}),
        ({}, {"deny": ["/in/"]}, "/api/", {"/api/.env", "/api/a.sql", "/api/in/x"}),
        ({}, {"deny": ["/api/in/*"]}, "", {"/api/.env", "/api/a.sql", "/api/in/x"}),
        ({"deny": ["/api/in/"]}, {"allow": ["*.sql"]}, "", {"/api/.env", "/api/in/x"}),
        ({"allow": [".env"]}, {}, "", {"/api/.env", "/api/a.sql"}),
        ({"allow": [".env"]}, {"allow": ["/.env"]}, "/api/", {"/api/a.sql"}),
        ({"allow": [".env"]}, {"allow": ["/.env"]}, "", {"/api/.env", "/api/a.sql"}),
    ],
)
def test_what_either_site_denies_is_denied(
    outer: dict[str, object], inner: dict[str, object], stripped: str, wanted: set[str]
) -> None:
    site = StaticSite.model_validate({"type": "static", **outer})
    target = ProcessSite.model_validate({"type": "process", "command": "./a", "port": 8000, **inner})
    found = denied.below("^/api/(?!v2/)", site, denied.rules(target, denied.COMMON), stripped)
    paths = ("/api/.env", "/api/a.sql", "/api/in/x", "/api/package.json", "/in/x", "/.env", "/api/v2/.env")
    assert {path for path in paths if any(re.search(rule.pattern, path) for rule in found)} == wanted
    others = denied.beside(["/api/"], denied.rules(site, denied.LEFTOVERS))
    assert not any(re.search(rule.pattern, path) for rule in others for path in paths[:4])
    assert any(re.search(rule.pattern, "/a.sql") for rule in others)


def checks(folder: Path, maintained: tuple[str, ...] = ()) -> dict[str, Check]:
    playbook = load(write(folder, ROUTES), (), Files()).playbook
    facts = Facts("debian-13", memory=2 << 30, maintenance=frozenset(maintained))
    return {check.id: check for check in desired(Context(playbook, "site", PLATFORMS["debian-13"], facts)).checks}


def test_each_route_is_a_hop_behind_its_target(tmp_path: Path) -> None:
    found = checks(tmp_path)
    order = list(found)
    asked = {"route": "/api/", "route2": "/api/v2/", "route3": "/svc/health", "route4": "/far/there"}
    for name, path in asked.items():
        check = found[f"site.{name}@shop.test"]
        assert isinstance(check.probe, HostProbe)
        assert f" {path} 80" in check.probe.script
        assert all(order.index(need) < order.index(check.id) for need in check.needs)
    assert found["site.route@shop.test"].needs == ("web.static@shop.test", "site.answer@api.test")
    assert found["site.route2@shop.test"].needs == ("web.static@shop.test",)
    assert found["site.route4@shop.test"].needs == (
        "web.static@shop.test", "site.upstream4@shop.test", "site.relay4@shop.test",
    )  # fmt: skip
    assert "site.upstream@shop.test" not in found


ANSWER = "HTTP/1.1 {status} X\r\nServer: a\r\n{mark}\r\n\r\nbody"


@pytest.mark.parametrize(
    ("id", "status", "mark", "maintained", "wanted"),
    [
        ("route", 200, "X-Lampctl-Route: /api/", (), Status.PASS),
        ("route", 404, "X-Lampctl-Route: /api/", (), Status.PASS),
        ("route", 200, "X-A: b", (), Status.FAIL),
        ("route", 200, "X-Lampctl-Route: /api/v2/", (), Status.FAIL),
        ("route", 502, "X-Lampctl-Route: /api/", (), Status.FAIL),
        ("route", 503, "X-Lampctl-Maintenance: api.test", (), Status.FAIL),
        ("route", 503, "X-Lampctl-Maintenance: api.test", ("api.test",), Status.PASS),
        ("route3", 404, "X-Lampctl-Route: /svc/", (), Status.FAIL),
        ("route3", 204, "X-Lampctl-Route: /svc/", (), Status.PASS),
    ],
)
def test_an_answer_must_come_by_the_route(
    tmp_path: Path, id: str, status: int, mark: str, maintained: tuple[str, ...], wanted: Status
) -> None:
    check = checks(tmp_path, maintained)[f"site.{id}@shop.test"]
    lines = ANSWER.format(status=status, mark=mark).splitlines()
    raw = "".join(f"answer\t{line}\n" for line in lines)
    assert check.judge(Evidence(raw, Facts("debian-13"), States())).status is wanted
    assert isinstance(check.probe, HostProbe)
    if id == "route":  # a host on its own does not know which sites were in maintenance, nor the statuses of pages
        done = subprocess.run(["sh", "-c", check.probe.accept], input=raw.replace("\n", "\r\n"), text=True, check=False)
        assert (done.returncode == 0) == (wanted is Status.PASS or "Maintenance" in mark)
