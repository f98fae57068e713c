"""Programs that the web server starts."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import join
from typing import Literal

from pydantic import Field

from lampctl.playbook.fields import Seconds, Size, UrlPath
from lampctl.playbook.sites.base import TYPE, RootedSite
from lampctl.playbook.sites.environment import WithEnvironment
from lampctl.playbook.sites.limits import within
from lampctl.playbook.sites.mail import WithMail
from lampctl.playbook.sites.options import WithDatabase
from lampctl.playbook.sites.starter import SOURCE, Starter


class CgiSite(WithDatabase, WithMail, WithEnvironment, RootedSite):
    """Programs that the web server starts for each request, and files."""

    type: Literal["cgi"] = Field(description=TYPE)
    prefix: UrlPath = Field("/cgi-bin/", description="Where the programs are: URL path, and folder below the root.")
    timeout: Seconds = Field(60, description="Seconds that a program may take.")
    body_limit: Size = Field("32M", description="The largest body of a request.")

    def unlimited(self, path: str) -> str:
        return (
            ""
            if within(path, self.prefix)
            else f"only `methods` of a path fit here: no program answers it, as it is not below {self.prefix}"
        )

    @property
    def requested(self) -> tuple[str, ...]:
        return (*super().requested, self.prefix)

    def unfit(self, modes: Mapping[str, int]) -> tuple[str, str] | None:
        """What is wrong with a source of these files (path → mode), and what to do; None if it is usable."""
        wrong = super().unfit(modes)
        if wrong:
            return wrong
        folder = join(self.root_in(""), self.prefix.lstrip("/"))
        programs = {path: mode for path, mode in modes.items() if path.startswith(folder)}
        if not programs:
            return (
                f"{self._shown} has no programs in {folder}",
                f"put them there, or let `prefix` name their folder, not {self.prefix}",
            )
        lacking = [path for path, mode in programs.items() if not mode & 0o111]
        if not lacking:
            return None
        more = f", and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        first = f"{self._shown}/{lacking[0]}"
        hint = f"chmod +x {first}; files that are not programs belong outside {folder}"
        return f"{first} lacks the run bit, and everything in {folder} is run as a program{more}", hint

    @property
    def _shown(self) -> str:
        return self.source if isinstance(self.source, str) else "the source"


STARTER = Starter(
    "Programs that the web server starts for each request.",
    SOURCE + "    prefix: /cgi-bin/               # the URL of the programs, and their folder in the source\n",
    top="\nweb: {server: apache}            # or nginx\n",
    example="cgi",
)
