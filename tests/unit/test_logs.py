"""Logs of a host: what is read of its answer, where a line comes from, and the times that people write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lampctl.engine import logs
from lampctl.engine.logs import Line, Note, Wanted
from lampctl.engine.records import Record
from lampctl.engine.since import since
from lampctl.errors import LampctlError, UsageError
from tests.unit.fake_host import FakeHost

MOMENT = 1795846616  # 2026-11-28 06:16:56 UTC
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC).astimezone()
SHOP = Record(
    "shop.test",
    "php",
    units=(
        "lampctl-php8.4-shop.test.service",
        "lampctl-worker-shop.test_queue@1.service",
        "lampctl-worker-shop.test_queue@2.service",
        "lampctl-worker-shop.test_mail@1.service",
        "lampctl-schedule-shop.test_tick.service",
    ),
    servers=("nginx.service", "mariadb.service"),
    folder="/var/www/shop.test/current",
    logs=("/var/log/nginx/shop.test.access.log", "/var/log/nginx/shop.test.error.log"),
    own_logs=("/var/www/shop.test/current/var/prod.log",),
)


def entry(unit: str, message: object, **others: str) -> str:
    document = {"_SYSTEMD_UNIT": unit, "_PID": "77", "_UID": "1000", "MESSAGE": message, **others}
    return f"5.25\tj\t{json.dumps(document)}"


def test_sources_have_short_names() -> None:
    known = logs.places([SHOP])
    assert known == {
        "/var/log/nginx/error.log": ("", "nginx:error"),
        "nginx.service": ("", "nginx"),
        "mariadb.service": ("", "mariadb"),
        "/var/log/nginx/shop.test.access.log": ("shop.test", "access"),
        "/var/log/nginx/shop.test.error.log": ("shop.test", "error"),
        "/var/www/shop.test/current/var/prod.log": ("shop.test", "app:prod.log"),
        "lampctl-php8.4-shop.test.service": ("shop.test", "php"),
        "lampctl-worker-shop.test_queue@1.service": ("shop.test", "worker:queue@1"),
        "lampctl-worker-shop.test_queue@2.service": ("shop.test", "worker:queue@2"),
        "lampctl-worker-shop.test_mail@1.service": ("shop.test", "worker:mail"),
        "lampctl-schedule-shop.test_tick.service": ("shop.test", "schedule:tick"),
    }
    front = Record(
        "cgi-a.test",
        "process",
        units=("lampctl-cgi-a.test@8001.service", "lampctl-cgi-a.test@8002.service"),
        logs=("/var/log/nginx/cgi-a.test.error.log", "/var/log/apache2/cgi-a.test.error.log"),
        folder="/x",
        own_logs=("/x/a/l.log", "/x/b/l.log"),
    )
    assert [source for site, source in logs.places([front]).values() if site] == [
        "nginx:error", "apache2:error", "app:a/l.log", "app:b/l.log", "process@8001", "process@8002"
    ]  # fmt: skip


def test_only_systemd_speaks_of_other_units() -> None:
    known = logs.places([SHOP])
    php, tick = SHOP.units[0], SHOP.units[-1]
    assert logs.parse(entry(php, "a\nb", UNIT=tick), known) == [
        Line(5.25, "shop.test", "php", "a"),
        Line(5.25, "shop.test", "php", "b"),
    ]
    assert logs.parse(entry("init.scope", "Started", UNIT=tick, _PID="1"), known) == [
        Line(5.25, "shop.test", "schedule:tick", "Started")
    ]
    assert logs.parse(entry("other.service", "x", UNIT=tick), known) == []


def test_what_a_line_contains_can_not_reach_the_terminal() -> None:
    known = logs.places([SHOP])
    raw = [*"\x1b[2Jred é".encode()]
    assert logs.parse(entry(SHOP.units[0], raw), known) == [Line(5.25, "shop.test", "php", "\ufffd[2Jred é")]
    path = SHOP.logs[1]
    assert logs.parse(f"5.0\t{path}\ta\tb\x1b]0;x\x07", known) == [
        Line(5.0, "shop.test", "error", "a\tb\ufffd]0;x\ufffd")
    ]
    assert logs.parse("0\t!\tleft \x1b out", known) == [Note("left \ufffd out")]


@given(
    st.one_of(
        st.text(), st.builds(lambda key, text: f"5.0\t{key}\t{text}", st.sampled_from(["j", "!", "x"]), st.text())
    )
)
def test_whatever_a_host_prints_is_read(line: str) -> None:
    logs.parse(line, logs.places([SHOP]))


def host(*lines: str, sites: Sequence[str] = ("shop.test",)) -> FakeHost:
    """A host whose answer has these lines after the records; the boundary is what the batch says."""

    class Answering(FakeHost):
        def lines(self) -> Iterator[str]:
            boundary = next(
                line.partition("=")[2].strip("'")
                for line in self.started[0].files["main"].decode().splitlines()
                if line.startswith("BOUNDARY=")
            )
            rows = [f"record\t{site}\t{json.dumps({'site': site, 'logs': SHOP.logs})}" for site in sites]
            return iter(["@@lampctl-begin", *rows, boundary, *lines])

    return Answering([])


def test_the_last_lines_then_what_comes() -> None:
    rows = [f"{number}.0\t{SHOP.logs[0]}\t{number}" for number in range(9)]
    found = list[Line | Note | None]()
    with pytest.raises(LampctlError, match="ended early"):
        found.extend(logs.logs_of(host(*rows[:6], "-", rows[6], "", "nonsense", rows[7]), Wanted(lines=2, follow=True)))
    assert [line.text if isinstance(line, Line) else line for line in found] == ["4", "5", "6", None, "7"]


def test_half_an_answer_is_an_error() -> None:
    with pytest.raises(LampctlError, match="ended early"):
        list(logs.logs_of(host(f"1.0\t{SHOP.logs[0]}\tx"), Wanted()))


def test_a_site_that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"there is no site shop\.tset"):
        list(logs.logs_of(host("-"), Wanted("shop.tset")))
    with pytest.raises(LampctlError, match="has no record of a site"):
        list(logs.logs_of(host("-", sites=()), Wanted()))


def test_json_has_what_the_contract_says() -> None:
    line = Line(MOMENT + 0.25, "", "mariadb", "x")
    assert line.as_dict() == {"time": "2026-11-28T06:16:56.250Z", "site": None, "source": "mariadb", "line": "x"}


def test_times_that_people_write() -> None:
    midnight = NOW.replace(hour=0, minute=0)
    assert [since(text, NOW) for text in ("", "1h", "30m", "2d", "45s", "0h")] == [0, -3600, -1800, -172_800, -45, -1]
    assert since("yesterday", NOW) == midnight.timestamp() - 86_400
    assert since("2026-11-28 06:00", NOW) == NOW.replace(hour=6).timestamp()
    assert since("2026-11-28T06:00:00Z", NOW) == datetime(2026, 11, 28, 6, tzinfo=UTC).timestamp()
    assert since("6:30", NOW) == NOW.replace(hour=6, minute=30).timestamp()


@pytest.mark.parametrize(
    "text", ["foo", "-1h", "1 hour", "2026-13-01", "25:00", "1x", "h", "²h", " ", "12345", "0001-01-01"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time"):
        since(text, NOW)


def test_the_future_has_no_logs() -> None:
    with pytest.raises(UsageError, match="is in the future"):
        since("2026-11-29", NOW)
