"""cron's schedules as systemd's calendar, against crontab(5)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from lampctl.playbook.sites.cron import on_calendar

TRANSLATED = {
    "* * * * *": ["*-*-* *:*:00"],
    "*/5 * * * *": ["*-*-* *:00/5:00"],
    "0 3 * * *": ["*-*-* 03:00:00"],
    "0,30 8-18 * * *": ["*-*-* 08..18:00,30:00"],
    "10-50/20 */6 * * *": ["*-*-* 00/6:10/20:00"],
    "* 22-23 * * *": ["*-*-* 22,23:*:00"],
    "*/70 * * * *": ["*-*-* *:00:00"],
    "15 2 * jan-mar mon-fri": ["Mon,Tue,Wed,Thu,Fri *-01..03-* 02:15:00"],
    "15 2 * JAN SUN": ["Sun *-01-* 02:15:00"],
    "0 0 * * 0": ["Sun *-*-* 00:00:00"],
    "0 0 * * 7": ["Sun *-*-* 00:00:00"],
    "0 0 * * 5-7": ["Fri,Sat,Sun *-*-* 00:00:00"],
    "0 0 * * 0-6": ["*-*-* 00:00:00"],
    "0 0 29 2 *": ["*-02-29 00:00:00"],
    # Both days restricted: either is enough, also if one of them holds every day.
    "30 4 1,15 * 5": ["*-*-01,15 04:30:00", "Fri *-*-* 04:30:00"],
    "0 0 1-7 * 1": ["*-*-01..07 00:00:00", "Mon *-*-* 00:00:00"],
    "0 0 1 * 0-6": ["*-*-01 00:00:00", "*-*-* 00:00:00"],
    "0 0 30 2 1": ["Mon *-02-* 00:00:00"],
    # A field that begins with * is not restricted.
    "0 0 */2 * mon": ["Mon *-*-01/2 00:00:00"],
    "0 0 1 * */2": ["Tue,Thu,Sat,Sun *-*-01 00:00:00"],
    "@yearly": ["*-01-01 00:00:00"],
    "@monthly": ["*-*-01 00:00:00"],
    "@weekly": ["Sun *-*-* 00:00:00"],
    "@daily": ["*-*-* 00:00:00"],
    "@Hourly": ["*-*-* *:00:00"],
    "  0   3 * *  * ": ["*-*-* 03:00:00"],
}
CALENDARS = (
    *("Mon..Fri *-*-* 10:00", "daily", "hourly UTC", "*:0/5", "Mon,Fri 10:00 Europe/Berlin", "*-*-01", "Sat", "05-05"),
    *("2099-01-01", "*-02~03", "Mon *-05~07/1", "10:00:00 US/Eastern"),
)
IMPOSSIBLE = {
    "61 * * * *": "minute 61: should be 0 to 59",
    "0 24 * * *": "hour 24: should be 0 to 23",
    "0 0 0 * *": "day of the month 0: should be 1 to 31",
    "0 0 * 13 *": "month 13: should be 1 to 12 or jan to dec",
    "0 0 * * 8": "day of the week 8: should be 0 to 7 or sun to sat",
    "0 0 * * someday": "day of the week someday: should be 0 to 7 or sun to sat",
    "0 0 30 2 *": "no month of 2 has a day 30",
    "0 0 31 4,6,9,11 *": "no month of 4,6,9,11 has a day 31",
    "5-1 * * * *": "minute 5-1: a range goes upwards",
    "5/15 * * * *": "minute 5/15: a step needs a range: 5-59/15",
    "*/0 * * * *": "minute */0: a step is a whole number from 1",
    "*/x * * * *": "minute */x: a step is a whole number from 1",
    ", * * * *": "minute (nothing): should be 0 to 59",
    "-1 * * * *": "minute (nothing): should be 0 to 59",
    "@reboot": "is not one of @yearly",
}
NEITHER = (
    "",
    "foo",
    "* * * *",
    "* * * * * *",
    "0 0 1-5 *",
    "10",
    "every day",
    "daily; reboot",
    "10:00\nUnit=x",
    "%h 10:00",
)


@pytest.mark.parametrize("every", TRANSLATED)
def test_cron_is_translated(every: str) -> None:
    assert on_calendar(every) == tuple(TRANSLATED[every])


@pytest.mark.parametrize("every", CALENDARS)
def test_calendar_expression_is_taken_as_it_is(every: str) -> None:
    assert on_calendar(every) == (every,)


@pytest.mark.parametrize("every", IMPOSSIBLE)
def test_impossible_schedule_is_refused_with_its_field(every: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        on_calendar(every)
    assert IMPOSSIBLE[every] in str(caught.value)


@pytest.mark.parametrize("every", NEITHER)
def test_what_is_neither_is_refused(every: str) -> None:
    with pytest.raises(ValueError, match=r"^$"):
        on_calendar(every)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_reads_every_translation() -> None:
    found = [line for lines in TRANSLATED.values() for line in lines]
    ran = subprocess.run(
        ["systemd-analyze", "calendar", *found, *CALENDARS], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


BASE = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday
NAMES = "sun mon tue wed thu fri sat jan feb mar apr may jun jul aug sep oct nov dec"
NUMBERS = {name: str(n if n < 7 else n - 6) for n, name in enumerate(NAMES.split())}


def chosen(field: str, least: int, most: int) -> set[int]:
    """The values of a field, as crontab(5) explains them."""
    found: set[int] = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{least}-{most}" if span == "*" else span).partition("-")
        begin, end = (int(NUMBERS.get(text, text)) for text in (first, last or first))
        found.update(range(begin, end + 1, int(step or 1)))
    return found


def due(every: str) -> Iterator[datetime]:
    """When cron runs it from BASE on, for ten years; its rule of two days is that of cron's find_jobs()."""
    minute, hour, day, month, weekday = every.split()
    minutes, hours, months = chosen(minute, 0, 59), chosen(hour, 0, 23), chosen(month, 1, 12)
    for date in (BASE + timedelta(days) for days in range(3653)):
        in_month = date.day in chosen(day, 1, 31)
        in_week = date.isoweekday() % 7 in {value % 7 for value in chosen(weekday, 0, 7)}
        fits = in_month and in_week if day[0] == "*" or weekday[0] == "*" else in_month or in_week
        if fits and date.month in months:
            yield from (date.replace(hour=h, minute=m) for h in sorted(hours) for m in sorted(minutes))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("every", [every for every in TRANSLATED if "@" not in every])
def test_systemd_runs_it_when_cron_would(every: str) -> None:
    begin = f"{BASE - timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC"
    command = ["systemd-analyze", "calendar", "--iterations=40", f"--base-time={begin}", *on_calendar(every)]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    )
    times = re.findall(r"(?:Next elapse|Iter\. #[0-9]+): \w{3} ([0-9-]+ [0-9:]+) UTC", ran.stdout)
    found = sorted({datetime.strptime(f"{time}+0000", "%Y-%m-%d %H:%M:%S%z") for time in times})
    expected = list(islice(due(every), 40))
    assert found[: len(expected)] == expected
