"""Certificates of a real ACME server: HTTP first, HTTPS once the certificate is issued, and a clear message if it is not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lampctl.box import Boxes
from tests.hosts.acme import ADDRESS, DIRECTORY, Pebble, pebble
from tests.hosts.conftest import ON_ONE_RELEASE, Host

pytestmark = pytest.mark.hosts

BOOK = f"""
web: {{server: nginx}}
sites:
  shop.test:
    type: static
    aliases: [www.shop.test]
    default: true
    tls: {{mode: acme, directory: "{DIRECTORY}", email: me@example.com}}
"""
HTTP = "web.static@shop.test", "site.outside@shop.test"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pebble]:
    if not shutil.which("pebble"):
        pytest.exit("pebble is missing: apt-get install --no-install-recommends pebble", returncode=1)
    with pebble(tmp_path_factory.mktemp("pebble")) as found:
        yield found


@pytest.fixture(scope="module")
def shop(boxes: Boxes, release: str, server: Pebble) -> Iterator[Host]:
    host = Host(boxes.up(f"acme-{release}", release), boxes)
    host.sh(f"cat > /usr/local/share/ca-certificates/lab.crt <<'END'\n{server.authority}END\nupdate-ca-certificates")
    for name in ("shop.test", "www.shop.test"):
        server.resolve(name, host.box.address)
    yield host
    boxes.down(f"acme-{release}")


@pytest.fixture
def book(tmp_path: Path) -> str:
    (tmp_path / "shop.yml").write_text(BOOK)
    return str(tmp_path / "shop.yml")


def set_names(host: Host, **addresses: str) -> None:
    """Set the addresses to which the host resolves shop and www."""
    lines = "".join(f"{address} {name.replace('_', '.')}.test\\n" for name, address in addresses.items())
    host.sh(f"sed -i '/shop.test/d' /etc/hosts; printf '{lines}' >> /etc/hosts")


def test_name_that_points_elsewhere_leaves_the_site_on_http(shop: Host, book: str) -> None:
    set_names(shop, shop=ADDRESS)
    planned = shop.lampctl("plan", "HOST", "-p", book)
    assert "HTTPS follows" in next(c["diff"] for c in planned.host["changes"] if c["resource"] == "acme:shop.test")
    ran = shop.lampctl("deploy", "HOST", "-p", book)
    assert (ran.code, ran.host["undone"], ran.host["error"]) == (1, False, None), ran
    assert ran.host["culprit"]["id"] == "tls.certificate@shop.test"
    assert {ran.results[hop] for hop in HTTP} == {"pass"}
    culprit = next(r for r in ran.host["results"] if r["status"] == "fail")
    assert f"shop.test points to {ADDRESS}" in culprit["actual"]
    assert "www.shop.test does not resolve" in culprit["evidence"]


def test_https_follows_the_certificate_in_the_same_run(shop: Host, server: Pebble, book: str) -> None:
    set_names(shop, shop=shop.box.address, www_shop=shop.box.address)
    ran = shop.lampctl("deploy", "HOST", "-p", book, trust=server.root)
    assert ran.code == 0, ran
    assert set(ran.results.values()) == {"pass"}
    assert {"tls.chain@shop.test", "tls.redirect@shop.test", "tls.renewal"} <= set(ran.results)
    again = shop.lampctl("deploy", "HOST", "-p", book, trust=server.root)
    assert (again.code, again.changes) == (0, {}), again
    assert again.host["round_trips"] <= 4


# Old workers still accept connections until the new ones do: NGINX gives them 0.1 s at least.
SERVED = """
serial() { openssl x509 -noout -serial; }
until [ "$(openssl s_client -connect 127.0.0.1:443 -servername shop.test </dev/null 2>/dev/null | serial)" = \
    "$(serial < /etc/letsencrypt/live/shop.test/cert.pem)" ]; do sleep 0.1; done
"""


def test_renewed_certificate_is_loaded(shop: Host, server: Pebble, book: str) -> None:
    before = shop.sh("openssl x509 -in /etc/letsencrypt/live/shop.test/cert.pem -noout -serial")
    shop.sh("certbot renew --force-renewal --no-random-sleep-on-renew")
    assert shop.sh("openssl x509 -in /etc/letsencrypt/live/shop.test/cert.pem -noout -serial") != before
    shop.sh(f"timeout 10 sh -c '{SERVED}'")
    assert shop.lampctl("check", "HOST", "-p", book, trust=server.root).code == 0


def test_renewal_is_rehearsed_on_request(shop: Host, server: Pebble, book: str) -> None:
    before = shop.sh("cat /etc/letsencrypt/live/shop.test/cert.pem")
    assert "tls.rehearsal" not in shop.lampctl("check", "HOST", "-p", book, trust=server.root).results
    ran = shop.lampctl("check", "HOST", "-p", book, "--deep", trust=server.root)
    assert (ran.code, ran.results["tls.rehearsal"]) == (0, "pass"), ran
    shop.sh(
        "mv /usr/local/share/ca-certificates/lab.crt /root; update-ca-certificates --fresh"
    )  # it trusts no ACME server
    ran = shop.lampctl("check", "HOST", "-p", book, "--deep", trust=server.root)
    shop.sh("mv /root/lab.crt /usr/local/share/ca-certificates; update-ca-certificates --fresh")
    assert ran.code == 1, ran
    assert ran.host["culprit"]["id"] == "tls.rehearsal"
    failed = next(r for r in ran.host["results"] if r["id"] == "tls.rehearsal")
    assert failed["actual"] == "shop.test would not be renewed"
    assert failed["evidence"]
    assert shop.sh("cat /etc/letsencrypt/live/shop.test/cert.pem") == before


@ON_ONE_RELEASE
def test_other_web_server_takes_over_the_certificate(shop: Host, server: Pebble, tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(BOOK.replace("nginx", "apache"))
    ran = shop.lampctl("deploy", "HOST", "-p", str(tmp_path / "shop.yml"), trust=server.root)
    assert ran.code == 0, ran
    assert "acme:shop.test" not in ran.changes
    assert "reload apache2" in shop.sh("cat /etc/letsencrypt/renewal-hooks/deploy/lampctl")


@ON_ONE_RELEASE
def test_name_that_no_longer_points_here_fails_before_the_renewal_fails(
    shop: Host, server: Pebble, tmp_path: Path
) -> None:
    (tmp_path / "shop.yml").write_text(BOOK.replace("nginx", "apache"))
    set_names(shop, shop=shop.box.address, www_shop=ADDRESS)
    ran = shop.lampctl("check", "HOST", "-p", str(tmp_path / "shop.yml"), trust=server.root)
    assert (ran.code, ran.host["culprit"]["id"]) == (1, "tls.challenge@shop.test"), ran


@ON_ONE_RELEASE
def test_certificate_for_six_days_is_neither_red_nor_requested_twice(shop: Host, tmp_path: Path) -> None:
    """It is due when a third of its life is left; and a renewal that would fail is noticed, and repaired."""
    set_names(shop, shop=shop.box.address, www_shop=shop.box.address)
    (tmp_path / "pebble").mkdir()
    with pebble(tmp_path / "pebble", shift=1, validity=6 * 86_400) as other:
        shop.sh(
            f"cat > /usr/local/share/ca-certificates/other.crt <<'END'\n{other.authority}END\nupdate-ca-certificates"
        )
        for name in ("shop.test", "www.shop.test"):
            other.resolve(name, shop.box.address)
        (tmp_path / "shop.yml").write_text(BOOK.replace("nginx", "apache").replace(DIRECTORY, other.directory))
        command = ("HOST", "-p", str(tmp_path / "shop.yml"))
        ran = shop.lampctl("deploy", *command, trust=other.root)
        assert ran.code == 0, ran
        assert "acme:shop.test" in ran.changes
        assert shop.lampctl("deploy", *command, trust=other.root).changes == {}
        shop.sh("rm /etc/letsencrypt/renewal/shop.test.conf")
        ran = shop.lampctl("check", *command, trust=other.root)
        assert (ran.code, ran.host["culprit"]["id"]) == (1, "tls.renewal"), ran.out
        ran = shop.lampctl("deploy", *command, trust=other.root)
        assert ran.code == 0, ran
        assert shop.sh("certbot renew --force-renewal --no-random-sleep-on-renew && echo renewed").endswith("renewed\n")
