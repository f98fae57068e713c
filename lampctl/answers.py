"""Values from hosts' answers, which can contain anything: a malformed value is None, never an exception."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite

_MOST = 1 << 59  # well below 64 bits, so that sums and products can still be formatted
_YEAR_10000 = 253_402_300_800.0  # seconds since the epoch; no datetime is later


def rows(raw: str, fields: int) -> Iterator[list[str]]:
    """Lines with this number of tab-separated fields; the last field may contain tabs."""
    for line in raw.split("\n"):  # not splitlines(), which also splits at other characters
        found = line.split("\t", fields - 1)
        if len(found) == fields:
            yield found


def sections(raw: str) -> dict[str, str]:
    """Lines `NAME<TAB>text` -> the text of each name: the output of several commands of one probe."""
    found: dict[str, list[str]] = {}
    for name, text in rows(raw, 2):
        found.setdefault(name, []).append(text)
    return {name: "\n".join(lines) for name, lines in found.items()}


def parse_int(text: str) -> int | None:
    """A whole number in ASCII digits, capped at `_MOST`."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        return None
    return min(int(text), _MOST)


def parse_float(text: str) -> float | None:
    """A finite decimal number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and abs(number) < _MOST else None


def parse_time(stamp: str, form: str) -> float | None:
    """Seconds since the epoch for a UTC time in the strptime format `form`."""
    try:
        return datetime.strptime(stamp, form).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def format_time(moment: float, form: str) -> str:
    """A time in the strftime format `form`, limited to the years 1970 to 9999."""
    bounded = min(max(moment, 0.0), _YEAR_10000 - 1) if isfinite(moment) else 0.0
    return datetime.fromtimestamp(bounded, UTC).strftime(form)


def parse_object(text: str) -> dict[str, object] | None:
    """A JSON object."""
    found = _json(text)
    return found if isinstance(found, dict) else None


def parse_array(text: str) -> list[object] | None:
    """A JSON array."""
    found = _json(text)
    return found if isinstance(found, list) else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def strings(value: object) -> list[str]:
    """The strings in a list; empty if `value` is not a list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
