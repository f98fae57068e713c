"""Renewals of certificates: when they are overdue, what would keep certbot from them, and their rehearsal. No host."""

from __future__ import annotations

import pytest

from lampctl.checks import Evidence, Status, Verdict
from lampctl.facts import Facts
from lampctl.resources.kind import States
from lampctl.resources.pem import DAY, CertificateState
from tests.unit.chain import check, labelled

NOW = 1_800_000_000.0
ACME = ("tls", "sites={tls.test: {tls: acme}}")


def judged(id: str, raw: str) -> Verdict:
    return check(id, *ACME).judge(Evidence(raw, Facts("debian-13", clock=NOW), States()))


@pytest.mark.parametrize(("days", "left", "overdue"), [(90, 15, False), (90, 13, True), (6, 5, False), (6, 1, True)])
def test_certificate_is_overdue_by_its_own_life(days: int, left: int, overdue: bool) -> None:
    state = CertificateState(begins=NOW - (days - left) * DAY, expires=NOW + left * DAY)
    assert state.is_overdue(NOW) is overdue


def renewal(**parts: str) -> Verdict:
    pair = "notBefore=Dec 26 11:00:00 2025 GMT\nnotAfter=Dec 26 11:00:00 2027 GMT\n" + parts.pop("pair", "")
    good = {"timer": "active\nenabled", "result": "success", "pair tls.test": pair}
    return judged("tls.renewal", labelled(**{**good, **parts}))


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({}, ""),
        ({"timer": "inactive\nmasked"}, "inactive and masked"),
        ({"result": "exit-code", "log": "boom"}, "its last run failed"),
        ({"hook": "is not executable"}, "is not executable"),
        ({"pair": "unrenewable=authenticator = standalone in x, not webroot"}, "authenticator = standalone"),
    ],
)
def test_renewal_that_would_fail_is_noticed(parts: dict[str, str], message: str) -> None:
    verdict = renewal(**parts)
    assert (verdict.status, message in verdict.actual) == (Status.FAIL if message else Status.PASS, True)
    assert bool(verdict.hint) is bool(message)


@pytest.mark.parametrize(
    ("said", "status", "evidence"),
    [
        ("renewed tls.test", Status.PASS, ""),
        ("refused tls.test\nFailed to renew\nDNS problem\nrenewed b.test", Status.FAIL, "Failed to renew\nDNS problem"),
        ("sh: 1: certbot: not found", Status.FAIL, "certbot: not found"),
    ],
)
def test_rehearsed_renewal_is_judged(said: str, status: Status, evidence: str) -> None:
    verdict = judged("tls.rehearsal", said)
    assert (verdict.status, evidence in verdict.evidence) == (status, True)
