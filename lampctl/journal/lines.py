"""Events as JSON lines: one object a line, with the event's name, when it happened and its fields.

    {"event": "step-began", "time": 1795531874.5, "host": "web1", "step": "install packages", …}

Lines are read back from hosts and by other versions of lampctl, so a reader must not trust them: a line is bounded,
unknown fields are ignored, and unknown events are skipped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from lampctl.journal.events import EVENTS, Event

if TYPE_CHECKING:
    from pydantic import TypeAdapter

LONGEST_TEXT = 2_000  # characters of one field; more is cut
LONGEST_LIST = 1_000  # items of one field; more are cut
LONGEST_LINE = 65_536  # characters that a reader accepts


@dataclass(frozen=True)
class Entry:
    """One line of a journal. `time`: seconds since the epoch."""

    time: float
    event: Event


def name(kind: type[Event]) -> str:
    """The name of an event in a journal: `StepBegan` is `step-began`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__).lower()


def encode(entry: Entry) -> str:
    """Encode an entry as one line, without its newline. Text over LONGEST_TEXT is cut and ends with `…`."""
    event = entry.event
    values = {key: _bounded(value) for key, value in asdict(event).items()}
    return json.dumps({"event": name(type(event)), "time": round(entry.time, 3), **values}, ensure_ascii=False)


def decode(line: str) -> Entry | None:
    """Decode one line.

    Returns:
        The entry; None for an event that this version does not know.

    Raises:
        ValueError: The line is not an event: too long, cut off, or with a field that is missing or of another type.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError(f"the line has {len(line)} characters; {LONGEST_LINE} are allowed")
    try:
        found = json.loads(line)
    except RecursionError:
        raise ValueError("the line is nested too deep") from None
    if not isinstance(found, dict) or not isinstance(found.get("event"), str):
        raise ValueError("the line names no event")
    time = found.get("time")
    if isinstance(time, bool) or not isinstance(time, int | float) or not math.isfinite(time):
        raise ValueError("the line has no valid time")
    reader = _reader(found["event"])
    return Entry(float(time), reader.validate_json(line, strict=True)) if reader else None


def read(lines: Iterable[str]) -> Iterator[Entry]:
    """Decode the lines of a journal, without those that are not events or that this version does not know."""
    for line in lines:
        try:
            entry = decode(line)
        except ValueError:  # such as the last line after a power failure
            continue
        if entry:
            yield entry


@cache
def _reader(word: str) -> TypeAdapter[Event] | None:
    from pydantic import TypeAdapter  # writers do not need it

    kind = next((kind for kind in EVENTS if name(kind) == word), None)
    return TypeAdapter(kind) if kind else None


def _bounded(value: Any) -> Any:
    match value:
        case str() if len(value) > LONGEST_TEXT:
            return value[: LONGEST_TEXT - 1] + "…"
        case tuple():
            return [_bounded(item) for item in value[:LONGEST_LIST]]
        case dict():
            return {key: _bounded(item) for key, item in value.items()}
        case _:
            return value
