"""Texts that are replaced in what was loaded into a database: those of the user, and what the host reports of them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from lampctl.engine.records import Record
from lampctl.errors import UsageError
from lampctl.legible import one_line
from lampctl.resources.shell import quote

Pair = tuple[str, str]  # the text, and what it becomes


def checked(olds: Sequence[str], news: Sequence[str]) -> tuple[Pair, ...]:
    """The pairs of --replace and --with.

    Raises:
        UsageError: They are not pairs; one replaces nothing, two of them the same text, or one is not UTF-8.
    """
    if len(olds) != len(news):
        message = f"--replace is given {_times(len(olds))}, --with {_times(len(news))}"
        raise UsageError(message, "give each OLD its NEW: --replace OLD --with NEW")
    for number, (old, new) in enumerate(zip(olds, news, strict=True)):
        if not old:
            raise UsageError("--replace '': the text to replace is empty", "--replace OLD --with NEW")
        if old == new:
            raise UsageError(f"--replace {_word(old)}: --with is the same text", "--replace OLD --with NEW")
        if old in olds[:number]:
            raise UsageError(f"--replace {_word(old)} is given twice", "give each OLD once")
        try:
            (old + new).encode()
        except UnicodeEncodeError as error:
            raise UsageError(f"--replace {_word(old)}: it or --with is not UTF-8", "use UTF-8") from error
    return tuple(zip(olds, news, strict=True))


def encoded(pairs: Sequence[Pair]) -> str:
    """Lines for db/replace.pl."""
    return "\n".join(f"{old.encode().hex()} {new.encode().hex()}" for old, new in pairs)


def report(answer: str) -> str:
    """What the host says of one table, in words. `answer`: its name in hex, and three numbers."""
    name, *numbers = answer.split(" ")
    if len(numbers) != 3 or not all(number.isascii() and number.isdecimal() for number in numbers):
        return "replaced: the host's report of a table is malformed"
    rows, left, keyless = (int(number[:18]) for number in numbers)
    said = f"replaced in {unhex(name)}: {_counted(rows, 'row')}"
    if left:
        said += f"; {_counted(left, 'value')} left: serialized data that can't be read"
    if keyless:
        said += f"; {_counted(keyless, 'row')} left: the table has no key, and the new text contains the old one"
    return said


def elsewhere(address: str, host: str, record: Record, dump: str) -> str:
    """What to do if WordPress's own address in the database is none of the site's; empty if it is one."""
    try:
        found = urlsplit(address)
        name, netloc = found.hostname or "", found.netloc
    except ValueError:
        return ""
    if found.scheme not in ("http", "https") or not name or name in {record.site, *record.names}:
        return ""
    new = f"{'https' if record.door and 'https' in record.door.schemes else 'http'}://{record.site}"
    path = found.path.rstrip("/")
    pairs = " ".join(f"--replace {quote(f'{scheme}://{netloc}{path}')} --with {new}" for scheme in ("https", "http"))
    again = f"lampctl db {host} {record.site} --load {quote(dump)} {pairs}"
    return f"its WordPress is at {one_line(address)}, which is no name of {record.site}. To move it: {again}"


def unhex(text: str) -> str:
    try:
        return one_line(bytes.fromhex(text).decode(errors="replace"))[:500]
    except ValueError:
        return ""


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _word(text: str) -> str:
    return quote(one_line(text)[:200])
