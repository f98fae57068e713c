"""When a schedule runs: cron's five fields (crontab(5)), translated to systemd's calendar (systemd.time(7))."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # the most days of each month

# The parts of a calendar expression, in their order; systemd itself tests the rest, on the host.
_WEEKDAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_CALENDAR = (
    rf"{_WEEKDAY}(?:(?:,|\.\.){_WEEKDAY})*,?",
    r"[0-9*,./]*-?[0-9*,./]+[-~][0-9*,./]+",
    r"[0-9*,./]+:[0-9*,./]+(?::[0-9*,./]+)?",
    r"[a-z][a-z0-9_+-]*(?:/[a-z0-9_+-]+)*",
)
_SHORTHANDS = "minutely|hourly|daily|monthly|weekly|yearly|annually|quarterly|semiannually"


@dataclass(frozen=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()  # for `least` and the values after it

    def values(self, text: str) -> frozenset[int]:
        """The values that a list such as `1-5,*/10` selects; ValueError, with what is wrong."""
        return frozenset(value for part in text.split(",") for value in self._part(part))

    def _part(self, part: str) -> range:
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if slash and not re.fullmatch("[1-9][0-9]{0,2}", step):
            raise ValueError(f"{self.name} {part}: a step is a whole number from 1, such as */5")
        if span == "*":
            return range(self.least, self.most + 1, int(step or 1))
        begin = self._value(first)
        end = self._value(last) if dash else begin
        if slash and not dash:
            raise ValueError(f"{self.name} {part}: a step needs a range: {first}-{self.most}/{step}")
        if end < begin:
            raise ValueError(f"{self.name} {part}: a range goes upwards")
        return range(begin, end + 1, int(step or 1))

    def _value(self, text: str) -> int:
        if text.lower() in self.names:
            return self.least + self.names.index(text.lower())
        if not re.fullmatch("[0-9]{1,2}", text) or not self.least <= int(text) <= self.most:
            named = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
            raise ValueError(f"{self.name} {text or '(nothing)'}: should be {self.least} to {self.most}{named}")
        return int(text)

    def calendar(self, values: frozenset[int]) -> str:
        """The values as systemd writes them."""
        found = sorted(values)
        if len(found) == self.most - self.least + 1:
            return "*"
        if len(found) > 2:
            step = found[1] - found[0]
            if found == [*range(found[0], self.most + 1, step)]:
                return f"{found[0]:02}/{step}"
            if found == [*range(found[0], found[-1] + 1)]:
                return f"{found[0]:02}..{found[-1]:02}"
        return ",".join(f"{value:02}" for value in found)


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, tuple(_MONTHS)),
    _Field("day of the week", 0, 7, tuple(_DAYS)),
)


def on_calendar(every: str) -> tuple[str, ...]:
    """The values of a timer's OnCalendar: a calendar expression as it is, cron's fields translated.

    Raises:
        ValueError: It is neither, or never comes; the message continues the sentence "'VALUE' …".
    """
    if not (every.isascii() and every.isprintable()):
        raise ValueError
    fields = every.split()
    if every.startswith("@"):
        if every.lower() not in _NICKNAMES:
            raise ValueError(f"is not one of {', '.join(_NICKNAMES)}")
        fields = _NICKNAMES[every.lower()].split()
    if len(fields) == 5:
        try:
            return _translated(fields)
        except ValueError as error:
            raise ValueError(f"is not a valid cron schedule: {error}") from None
    if not _is_calendar(fields):
        raise ValueError
    return (" ".join(fields),)


def _translated(fields: list[str]) -> tuple[str, ...]:
    minutes, hours, days, months, weekdays = (field.values(text) for field, text in zip(_FIELDS, fields, strict=True))
    weekdays = frozenset(value % 7 for value in weekdays)  # 0 and 7 are Sunday
    minute, hour, day, month = (
        field.calendar(values) for field, values in zip(_FIELDS, (minutes, hours, days, months), strict=False)
    )
    # Monday first, as in systemd's week.
    named = ",".join(_DAYS[value % 7].title() for value in range(1, 8) if value % 7 in weekdays)
    weekly = "" if len(weekdays) == 7 else f"{named} "
    clock = f"{hour}:{minute}:00"
    # If both days are restricted, cron runs on either; a field that begins with * does not count as restricted.
    either = not fields[2].startswith("*") and not fields[4].startswith("*")
    comes = min(days) <= max(_LONGEST[one - 1] for one in months)
    if either:
        return (*([f"*-{month}-{day} {clock}"] if comes else []), f"{weekly}*-{month}-* {clock}")
    if not comes:
        raise ValueError(f"no month of {fields[3]} has a day {fields[2]}")
    return (f"{weekly}*-{month}-{day} {clock}",)


def _is_calendar(parts: list[str]) -> bool:
    """Do the parts have the shape of a calendar expression?"""
    text = " ".join(parts).lower()
    days, date, clock, zone = _CALENDAR
    general = rf"(?=.*[-:~]|{days}$)(?:{days}(?: |$))?(?:{date}(?: |$))?(?:{clock}(?: |$))?"
    return bool(re.fullmatch(rf"(?:{_SHORTHANDS})(?: {zone})?|{general}(?:{zone})?", text))
