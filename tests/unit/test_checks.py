"""From verdicts to results: blocked hops, the culprit, and what a change broke."""

from __future__ import annotations

import pytest

from lampctl.checks import (
    Check,
    Evidence,
    HostProbe,
    Result,
    Status,
    Verdict,
    Where,
    conclude,
    culprit,
    failed,
    first_regression,
    passed,
    unknown,
)
from lampctl.facts import MIB, PROBES, Facts, parse
from lampctl.layers import http
from lampctl.resources.kind import States
from tests.unit.chain import check, labelled


def chain(**verdicts: Verdict) -> list[tuple[str, Status]]:
    checks = [
        Check("a", "linux", Where.HOST, "", "", lambda _: passed("")),
        Check("b", "mysql", Where.HOST, "", "", lambda _: passed(""), needs=("a",)),
        Check("c", "site", Where.HOST, "", "", lambda _: passed(""), needs=("b",)),
    ]
    results = conclude(checks, {name: (verdict, 1.0) for name, verdict in verdicts.items()})
    first = culprit(results)
    return [(result.id, result.status) for result in results] + (
        [("culprit " + first.id, first.status)] if first else []
    )


def test_all_checks_behind_a_broken_hop_are_blocked() -> None:
    found = chain(a=failed("x"), b=failed("y"), c=passed("z"))
    assert found == [("a", Status.FAIL), ("b", Status.BLOCKED), ("c", Status.BLOCKED), ("culprit a", Status.FAIL)]


def test_unknown_result_blocks_nothing_and_is_not_the_culprit() -> None:
    assert chain(a=unknown("?"), b=passed("y"), c=passed("z")) == [
        ("a", Status.UNKNOWN),
        ("b", Status.PASS),
        ("c", Status.PASS),
    ]


@pytest.mark.parametrize(
    ("raw", "status", "actual"),
    [
        ('HTTP/1.1 200 OK\r\n\r\n{"probe":"lampctl","version":"8.4.1","sapi":"fpm-fcgi"}', Status.PASS, "200, PHP 8.4.1 by fpm-fcgi"),
        ('HTTP/1.1 200 OK\r\n\r\n{"probe":"lampctl","version":"8.2.1"}', Status.FAIL, "200, but by PHP 8.2.1, not 8.4"),
        ("HTTP/1.1 200 OK\r\n\r\n<?php echo 1;", Status.FAIL, "200: PHP's source is served as text"),
        ("HTTP/1.1 503 Service Unavailable\r\n\r\nsorry", Status.FAIL, "503, not PHP's answer"),
        ("bash: connect: Connection refused", Status.FAIL, "no HTTP answer on 127.0.0.1:80"),
    ],
)  # fmt: skip
def test_verdict_on_php_through_the_web_server(raw: str, status: Status, actual: str) -> None:
    verdict = check("site.php@lamp.test").judge(Evidence(labelled(answer=raw), Facts("debian-13"), States()))
    assert (verdict.status, verdict.actual) == (status, actual)


@pytest.mark.parametrize(
    ("ahead", "status", "message"),
    [(3600.0, Status.FAIL, "3600 s ahead of"), (-90.0, Status.FAIL, "90 s behind"), (-59.0, Status.PASS, "59.0 s off")],
)
def test_clock_off_by_more_than_a_limit_fails(ahead: float, status: Status, message: str) -> None:
    """A container shares its machine's clock, so no host test can set it."""
    assert "clock" in PROBES
    facts = parse({"clock": f"{1_000_000_000 + ahead:.9f}\n"}, now=1_000_000_000.0)
    verdict = check("linux.clock").judge(Evidence("", facts, States()))
    assert (verdict.status, message in verdict.actual) == (status, True)
    assert bool(verdict.hint) == (status is Status.FAIL)


def test_clock_that_the_host_does_not_report_is_unknown() -> None:
    assert check("linux.clock").judge(Evidence("", parse({}, now=1.0), States())).status is Status.UNKNOWN


def test_low_memory_fails_with_a_hint() -> None:
    verdict = check("linux.memory").judge(
        Evidence("", Facts("debian-13", memory=512 * MIB, memory_available=31 * MIB), States())
    )
    assert (verdict.status, verdict.actual) == (Status.FAIL, "31 MiB available of 512 MiB")
    assert "max_children" in verdict.hint


@pytest.mark.parametrize(
    ("proved", "before", "expected"),
    [
        ("as now", Status.PASS, "site"),
        ("as now", Status.FAIL, None),  # was broken before: the change is not to blame
        ("otherwise", Status.FAIL, "site"),  # the question changed: it passed over HTTP before there was HTTPS
        ("never", Status.FAIL, None),  # a new site
    ],
)
def test_only_checks_that_the_change_broke_cause_a_rollback(proved: str, before: Status, expected: str | None) -> None:
    now = Check("site", "site", Where.HOST, "", "", lambda _: passed(""), probe=HostProbe("ask"))
    other = Check("site", "site", Where.HOST, "", "", lambda _: passed(""), probe=HostProbe("ask otherwise"))
    asked = {"as now": {"site": now.question}, "otherwise": {"site": other.question}, "never": {}}[proved]
    result = Result("site", "site", Status.FAIL, Where.HOST, "", "")
    found = first_regression([now], [result], [Result("site", "site", before, Where.HOST, "", "")], asked)
    assert (found.id if found else None) == expected


def test_body_of_an_answer_is_never_taken_for_the_log() -> None:
    answer, log = http.parse_answer(labelled(answer="HTTP/1.1 200 OK\n\nlog\tx\n==log\n"))
    assert (answer.body.splitlines() if answer else None, log) == (["log\tx", "==log"], "")


def test_check_with_a_playbook_that_was_never_deployed_says_so() -> None:
    """`lampctl check HOST` without -p checks the built-in playbook lamp, whatever was deployed."""
    raw = "0 there is no readable /etc/lampctl/secrets/lamp.test.conf"
    verdict = check("mysql.login@lamp.test").judge(Evidence(raw, Facts("debian-13"), States()))
    assert verdict.status is Status.FAIL
    assert "-p FILE" in verdict.hint
