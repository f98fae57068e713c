"""Values out of what hosts answer. They may answer anything: what is not such a value is None, never an exception."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite

_MOST = 1 << 59  # half of what 64 bits hold, so that sums and products stay numbers that can be shown
_YEAR_10000 = 253_402_300_800.0  # seconds since the epoch; no datetime is later


def rows(raw: str, fields: int) -> Iterator[list[str]]:
    """The lines that have this number of fields, which tabs separate; the last may contain tabs itself."""
    for line in raw.split("\n"):  # and not at what else Python takes for the end of a line
        found = line.split("\t", fields - 1)
        if len(found) == fields:
            yield found


def sections(raw: str) -> dict[str, str]:
    """Lines `NAME<TAB>text` -> the text of each name, in lines: what several commands of one probe print."""
    found: dict[str, list[str]] = {}
    for name, text in rows(raw, 2):
        found.setdefault(name, []).append(text)
    return {name: "\n".join(lines) for name, lines in found.items()}


def whole(text: str) -> int | None:
    """A number of ASCII digits."""
    if not re.fullmatch(r"[0-9]{1,18}", text):
        return None
    return min(int(text), _MOST)


def decimal(text: str) -> float | None:
    """A finite number, such as seconds."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and abs(number) < _MOST else None


def seconds(stamp: str, form: str) -> float | None:
    """Since the epoch, of a time in UTC that is written in the form of strptime."""
    try:
        return datetime.strptime(stamp, form).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def shown(moment: float, form: str) -> str:
    """A moment in the form of strftime; beyond the years that have such a form, its bound."""
    bounded = min(max(moment, 0.0), _YEAR_10000 - 1) if isfinite(moment) else 0.0
    return datetime.fromtimestamp(bounded, UTC).strftime(form)


def mapping(text: str) -> dict[str, object] | None:
    """A JSON object."""
    found = _json(text)
    return found if isinstance(found, dict) else None


def listing(text: str) -> list[object] | None:
    """A JSON array."""
    found = _json(text)
    return found if isinstance(found, list) else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def texts(value: object) -> list[str]:
    """The strings of a list; empty where it is none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
