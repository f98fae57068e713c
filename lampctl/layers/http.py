"""Reading a raw HTTP answer; pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: str


def parse(raw: str) -> Answer | None:
    """None where this is no HTTP answer."""
    head, _, body = raw.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    words = lines[0].split()
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        return None
    pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
    return Answer(int(words[1]), {k.strip().lower(): v.strip() for k, v in pairs}, body)
