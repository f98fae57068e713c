"""Verdicts in, a chain of results out: blocked hops and the culprit."""

from __future__ import annotations

import pytest

from lampctl.checks import Check, Evidence, Status, Verdict, Where, conclude, culprit, failed, passed, unknown
from lampctl.facts import Facts
from lampctl.layers.sites.php import _php


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


def test_what_needs_a_broken_hop_is_blocked_all_the_way() -> None:
    found = chain(a=failed("x"), b=failed("y"), c=passed("z"))
    assert found == [("a", Status.FAIL), ("b", Status.BLOCKED), ("c", Status.BLOCKED), ("culprit a", Status.FAIL)]


def test_unknown_blocks_nothing_and_is_no_culprit() -> None:
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
def test_php_through_the_web_server(raw: str, status: Status, actual: str) -> None:
    verdict = _php("Apache", "8.4", Evidence(raw, Facts("debian-13"), {}))
    assert (verdict.status, verdict.actual) == (status, actual)
