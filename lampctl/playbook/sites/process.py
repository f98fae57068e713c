"""Programs that systemd runs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import Command, Port
from lampctl.playbook.sites.base import TYPE, SandboxedSite, SourcedSite
from lampctl.playbook.sites.starter import SOURCE, Starter
from lampctl.playbook.sites.workers import WorkingSite


class ProcessSite(WorkingSite, SandboxedSite, SourcedSite):
    """Any program that listens on $PORT of 127.0.0.1, run and restarted by systemd, in its `source`."""

    set_by_lampctl: ClassVar[frozenset[str]] = frozenset({"PORT"})

    type: Literal["process"] = Field(description=TYPE)
    command: Command = Field(
        description="The program and its arguments, as in a unit's ExecStart. `./serve` and `bin/serve` are below the "
        "source, `node` is the system's."
    )
    port: Port = Field(description="Its port on 127.0.0.1; further instances take the next ones.")
    instances: Annotated[int, Field(ge=1, le=64)] = Field(1, description="How many of it run side by side.")

    @model_validator(mode="after")
    def _port_is_ours(self) -> Self:
        if self.port + self.instances > 65536:
            raise ValueError(f"{self.instances} instances from port {self.port} on go beyond 65535: begin lower")
        return self

    @property
    def ports(self) -> tuple[int, ...]:
        """The port of each instance."""
        return tuple(range(self.port, self.port + self.instances))


STARTER = Starter(
    "A program that listens on $PORT, kept running by systemd.",
    SOURCE + "    command: python3 server.py      # ./NAME is a program of the source, any other the system's\n"
    "    port: 8000\n    instances: 2                    # while one is restarted, the other answers\n",
    top="\nlinux: {packages: [python3]}\nweb: {server: nginx}             # or apache\n",
    example="process",
)
