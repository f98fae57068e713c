"""Certificates: how they are parsed, what is planned for them, and what HTTPS waits for. No host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lampctl import planning
from lampctl.checks import Evidence, HttpProbe, Status
from lampctl.engine.library import Files
from lampctl.facts import Facts
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.playbook import load
from lampctl.rendering import Renderer
from lampctl.resources import AcmeCertificate, Certificate, pem
from lampctl.resources.acme import LETS_ENCRYPT
from lampctl.resources.acme import compare as compare_acme
from lampctl.resources.certificate import compare
from lampctl.resources.kind import HostView, States
from lampctl.resources.pem import DAY, CertificateState, read
from tests.unit.chain import check, labelled

KEY = "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n"
LOOK = (
    "notAfter=Dec 26 11:00:00 2027 GMT\nsha256 Fingerprint=AB:CD\nX509v3 Subject Alternative Name: \n"
    "    DNS:a.test, DNS:*.b.test\n" + KEY.format("x") + "rights=root:root 600\n"
)


def wanted(settings: tuple[str, ...], facts: Facts) -> tuple[Desired, dict[str, str]]:
    files = Files()
    loaded = load("tls", settings, files)
    found = desired(Context(loaded.playbook, "tls", PLATFORMS[facts.platform], facts))
    renderer = Renderer(files.template, "tls")
    return found, {file.path: renderer.text(file) for file in found.files}


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (LOOK + KEY.format("x"), "fits"),
        (LOOK + KEY.format("y"), "other"),
        (LOOK + "keyless\n", "unreadable"),
        (LOOK.replace("rights=root:root 600\n", ""), "missing"),
    ],
)
def test_certificate_and_key_are_parsed(raw: str, key: str) -> None:
    state = read(raw)
    assert isinstance(state, CertificateState)
    assert (state.fingerprint, state.key, state.days(state.expires - 2.5 * DAY)) == ("abcd", key, 2)
    assert state.lacks(["a.test", "x.b.test", "b.test", "x.y.b.test"]) == ["b.test", "x.y.b.test"]


@pytest.mark.parametrize("word", ["absent", "unreadable"])
def test_absent_or_unreadable_certificate_gives_no_state(word: str) -> None:
    assert read(f"{word}\n") == word
    assert pem.parse(f"certificate:/x\t{word}\n") == {}


GOOD = CertificateState(frozenset({"a.test"}), 100 * DAY, "ab", "fits", "root:root 600", LETS_ENCRYPT)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (GOOD, ""),
        (replace(GOOD, names=frozenset({"a.test", "b.test"})), "is for a.test, b.test -> a.test"),
        (replace(GOOD, key="other"), "its key does not match"),
        (replace(GOOD, expires=29 * DAY), "expires at 1970-01-30 00:00 UTC"),
        (replace(GOOD, rights="root:root 644"), "key: root:root 644 -> root:root 600"),
        (None, "self-signed for a.test, created on the host"),
    ],
)
def test_reasons_to_create_a_self_signed_certificate(state: CertificateState | None, why: str) -> None:
    change = compare(Certificate("a.test", "tls", ("a.test",)), state, HostView())
    assert (change.diff.strip() if change else "") == why


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (GOOD, ""),
        (replace(GOOD, names=frozenset({"b.test"})), "is for b.test -> a.test"),
        (replace(GOOD, issuer="https://staging/"), f"comes from https://staging/ -> {LETS_ENCRYPT}"),
        (replace(GOOD, expires=13 * DAY), "has 13 days left, and certbot's timer did not renew it"),
    ],
)
def test_reasons_to_request_an_acme_certificate_again(state: CertificateState, why: str) -> None:
    change = compare_acme(AcmeCertificate("a.test", "tls", ("a.test",), "/w", "/w/c", "/c/"), state, HostView())
    assert (change.diff.strip() if change else "") == why


@pytest.mark.parametrize("server", ["apache", "nginx"])
def test_https_waits_for_the_acme_certificate(server: str) -> None:
    settings = ("sites.tls.test.tls=acme", f"web.server={server}")
    vhost = f"/etc/{'apache2' if server == 'apache' else 'nginx'}/sites-available/tls.test.conf"
    before, files = wanted(settings, Facts("debian-13"))
    assert "443" not in files[vhost]
    assert "https://" not in files[vhost]
    plan = planning.make(
        planning.Identity("tls"), before, Observation(Facts("debian-13")), {f"file:{k}": v for k, v in files.items()}, 1
    )
    assert plan.stages[0].after[-1].name == "certificate tls.test by ACME"
    assert "HTTPS follows" in next(c.diff for c in plan.changes if c.resource == "acme:tls.test")
    after, files = wanted(settings, Facts("debian-13", certificates=frozenset({"tls.test"})))
    assert "/etc/letsencrypt/live/tls.test/fullchain.pem" in files[vhost]
    assert {r.key for r in before.resources} < {r.key for r in after.resources}


def test_site_checks_follow_the_redirect_to_https() -> None:
    for settings, port in (((), 443), (("sites.tls.test.tls={mode: self-signed, redirect: false}",), 80)):
        found, _ = wanted(settings, Facts("debian-13"))
        outside = next(check.probe for check in found.checks if check.id == "site.outside@tls.test")
        assert isinstance(outside, HttpProbe)
        assert (outside.port, outside.tls) == (port, port == 443)


@pytest.mark.parametrize(
    ("platform", "lines"),
    [
        ("debian-13", ["listen 443 ssl default_server", "http2 on;"]),
        ("debian-12", ["listen 443 ssl http2 default_server"]),
    ],
)
def test_http2_directive_follows_the_platform(platform: str, lines: list[str]) -> None:
    _, files = wanted(("web.server=nginx",), Facts(platform))
    vhost = files["/etc/nginx/sites-available/tls.test.conf"].splitlines()
    found = [line.strip() for line in vhost if ("http2" in line or "listen 443" in line) and "::" not in line]
    assert [line.rstrip(";") if "listen" in line else line for line in found] == lines


def test_reason_for_a_missing_acme_certificate_is_named() -> None:
    lines = "unresolved\ta.test\nelsewhere\tb.test\t192.0.2.1\tHTTP/1.1 404 Not Found (Server: x)\n"
    certificate = check("tls.certificate@tls.test", "tls", "sites={tls.test: {tls: acme}}")
    verdict = certificate.judge(Evidence(labelled(pair="absent", wrong=lines), Facts("debian-13"), States()))
    assert (verdict.status, verdict.actual) == (Status.FAIL, "not issued yet: a.test does not resolve on the host")
    another = "b.test points to 192.0.2.1, where this host does not answer: HTTP/1.1 404 Not Found (Server: x)"
    assert another in verdict.evidence
    verdict = certificate.judge(
        Evidence(labelled(pair="absent", wrong="", log="too many\n"), Facts("debian-13"), States())
    )
    assert (verdict.status, verdict.evidence) == (Status.FAIL, "too many")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("HTTP/1.1 301 Moved\r\nLocation: https://tls.test/lampctl-probe-1/?a=b\r\n\r\n", Status.PASS),
        ("HTTP/1.1 301 Moved\r\nLocation: https://tls.test/lampctl-probe-1/\r\n\r\n", Status.FAIL),
        ("HTTP/1.1 200 OK\r\n\r\n", Status.FAIL),
    ],
)
def test_redirect_to_https_must_keep_path_and_query(answer: str, status: Status) -> None:
    redirect = check("tls.redirect@tls.test", "tls")
    assert redirect.judge(Evidence(answer, Facts("debian-13"), States())).status is status
