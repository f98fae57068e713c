"""One JSON document on stdout; its shape is a contract (docs/reference/cli.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lampctl.errors import LampctlError
from lampctl.outcome import Event, Outcome


class JsonReporter:
    def event(self, event: Event) -> None:
        """Events are for people."""

    def outcome(self, outcome: Outcome) -> None:
        """The document is written once, at the end."""

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        _write({"command": command, "ok": all(o.ok for o in outcomes), "hosts": [o.as_dict() for o in outcomes]})

    def close(self) -> None:
        """There is nothing on the terminal."""


def failure(command: str, error: LampctlError) -> None:
    """The document of a command that failed before it came to any host."""
    _write({"command": command, "ok": False, "hosts": [], "error": error.as_dict()})


def _write(document: dict[str, object]) -> None:
    print(json.dumps(document, indent=2))
