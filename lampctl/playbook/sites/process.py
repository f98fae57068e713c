"""Programs that systemd runs."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lampctl.playbook.fields import Command, OneLine
from lampctl.playbook.sites.base import TYPE, SandboxedSite


class ProcessSite(SandboxedSite):
    """Any program that listens on $PORT of 127.0.0.1, run and restarted by systemd."""

    type: Literal["process"] = Field(description=TYPE)
    source: OneLine | None = Field(None, description="A folder on this machine, deployed as the working directory.")
    command: Command = Field(
        description="The program and its arguments, as in a unit's ExecStart. `./serve` and `bin/serve` are below the "
        "source, `node` is the system's."
    )
    instances: Annotated[int, Field(ge=1, le=64)] = Field(1, description="How many of it run side by side.")

    @property
    def count(self) -> int:
        return self.instances
