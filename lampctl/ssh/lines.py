"""Bytes that arrive in pieces, as lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def split(chunks: Iterable[bytes]) -> Iterator[str]:
    """Each line without its end, as soon as it is complete; what is no UTF-8 is replaced."""
    rest: list[bytes] = []
    for chunk in chunks:
        head, newline, tail = chunk.partition(b"\n")
        rest.append(head)
        if not newline:
            continue
        yield b"".join(rest).decode(errors="replace")
        *complete, last = tail.split(b"\n")
        for line in complete:
            yield line.decode(errors="replace")
        rest = [last]
    if any(rest):
        yield b"".join(rest).decode(errors="replace")
