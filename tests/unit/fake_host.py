"""A host whose answers a test chooses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lampctl.ssh import Batch
from lampctl.ssh.batch import BEGIN


@dataclass
class FakeHost:
    """A transport to a host that answers each batch with the lines in `says`."""

    says: list[str]
    host: str = "fake"
    has_sudo_password: bool = False
    round_trips: int = 0
    address: str = "10.0.0.5"
    direct: bool = True
    started: list[Batch] = field(default_factory=list)

    def start(self, batch: Batch) -> FakeHost:
        self.started.append(batch)
        return self

    def wire(self, batch: Batch) -> Any:
        raise NotImplementedError

    def lines(self) -> Iterator[str]:
        return iter([BEGIN, *self.says])

    def proceed(self) -> None: ...

    def finish(self) -> tuple[int, str]:
        return 0, ""

    def tunnel(self, port: int, timeout: float) -> None: ...

    def close(self) -> None: ...
