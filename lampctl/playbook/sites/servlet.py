"""Java web applications."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lampctl.playbook.fields import OneLine, Port, Size
from lampctl.playbook.sites.base import TYPE, ReleasedSite, SandboxedSite
from lampctl.playbook.sites.names import servlet_of
from lampctl.playbook.sites.source import Origin
from lampctl.playbook.sites.starter import Starter


class ServletSite(SandboxedSite, ReleasedSite):
    """A Java web application in its own Tomcat."""

    type: Literal["servlet"] = Field(description=TYPE)
    war: OneLine = Field(description="A WAR on this machine, beside the playbook, or a folder with what a WAR holds.")
    port: Port | None = Field(
        None, description="Accepted, and not used: Tomcat is reached by a Unix socket, which no other site can take."
    )
    heap: Size = Field("256M", description="The most memory for Java's heap.")

    @property
    def files(self) -> Origin | None:
        return Origin("war", self.war, war=True)

    def units(self, name: str) -> tuple[str, ...]:
        return (f"{servlet_of(name)}.service",)


STARTER = Starter(
    "A Java web application in its own Tomcat.",
    "    war: app                        # a WAR beside this file, or a folder with what a WAR holds\n    port: 8080\n",
    example="servlet",
)
