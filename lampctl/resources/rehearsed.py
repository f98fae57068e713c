"""Further instances of units, which a rehearsal runs beside those that serve."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rehearsed:
    """How another instance of a unit is run.

    Attributes:
        at: The unit's Unix socket, or its TCP port: the other one gets a spare one.
        program: It is the application's own server, which needs time to start, and may not run twice. Else, it accepts
            requests at once.
        memory: MiB that a program may take.
    """

    at: str
    program: bool = False
    memory: int = 100
