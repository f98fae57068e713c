"""The words for a dump that was not loaded."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lampctl.answers import parse_int
from lampctl.errors import LampctlError

_FAILED = re.compile(r"ERROR ([0-9]+) \((\w+)\) at line ([0-9]+)[^:]*: (.*)")
_OTHER = (
    "the site has no rights on another database: make the dump without --databases, or remove USE and CREATE DATABASE"
)
_PACKET = "a row may be larger than the server's max_allowed_packet"
# The server's and the client's error numbers → what to do.
_HINTS = {
    1044: _OTHER,
    1142: _OTHER,
    1227: "the dump wants an administrator's rights: make it with mysqldump --set-gtid-purged=OFF, or remove what sets "
    "GTID_PURGED or SQL_LOG_BIN",
    1273: "the dump is of another server or version: replace its collation, for instance by utf8mb4_unicode_ci",
    1419: "the server writes a binary log: SET GLOBAL log_bin_trust_function_creators = 1, by its root, allows "
    "triggers and functions",
    1114: "the disk is full: df -h on the host",
    1406: "the new text is too long for its column",
    1062: "two rows have the same key with the new text",
    1153: _PACKET,
    2006: _PACKET,
    2020: _PACKET,
}


def failure(host: str, what: str, errors: Sequence[str], state: str, again: str, evidence: str) -> LampctlError:
    """A load that ended half-way. `state`: what the database has now; `again`: the command for the safety dump."""
    found = next((match for line in errors if (match := _FAILED.search(line))), None)
    why, hint = "the client ended without a message", ""
    if found:
        number, state_code, line, text = found.groups()
        why, hint = f"error {number} ({state_code}) at line {line}: {text}", _HINTS.get(int(number), "")
    elif errors:
        why = errors[-1]
    keep = f"the safety dump stays: {again}"
    hint = f"{hint}; {keep}" if hint else keep
    return LampctlError(f"{host}: {what}: {why}. {state}", hint, kind="load", evidence=evidence)


def refusal(host: str, database: str, dump: str, end: Sequence[str], evidence: str) -> LampctlError:
    """A load that was not begun. `end`: how the script on the host ended, and with which values."""
    how, values = end[0] if end else "", end[1:]
    if how == "full" and len(values) == 3:
        where, needed, free = values[0], parse_int(values[1]), parse_int(values[2])
        wanted = f"{_mib(needed)} are needed there, and " if needed else ""
        message = f"{host}: {dump} was not loaded: not enough space in {where}: {wanted}{_mib(free)} are free"
        return LampctlError(message, f"{database} is as it was; free space there: df -h {where}", kind="full")
    why, hint = {
        "busy": (f"another dump is being loaded into {database}", "wait until it has ended"),
        "missing": ("the host has no such safety dump", "name one that a load printed; the last three are kept"),
        "bound": (
            f"{database} has triggers or functions, and the server's binary log keeps the site from loading them back",
            "SET GLOBAL log_bin_trust_function_creators = 1, by the server's root, allows it",
        ),
        "cut": ("it did not arrive completely", "rerun it"),
        "dump": ("there is no safety dump, because what is there could not be dumped", "its message says what to fix"),
    }.get(how, ("the host's script ended unexpectedly", f"lampctl check {host}"))  # fmt: skip
    return LampctlError(
        f"{host}: {dump} was not loaded: {why}",
        f"{database} is as it was; {hint}",
        kind=how or "load",
        evidence=evidence,
    )


def _mib(size: int | None) -> str:
    return f"{(size or 0) / (1 << 20):.1f} MiB"
