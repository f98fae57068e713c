"""PHP."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import join
from typing import Literal

from pydantic import Field

from lampctl.playbook.sites.base import TYPE, PooledSite, RootedSite, SiteBase
from lampctl.playbook.sites.options import WithDatabase
from lampctl.playbook.sites.source import Script
from lampctl.playbook.sites.starter import PHP, Starter
from lampctl.playbook.sites.workers import WorkingSite


class PhpSite(WorkingSite, WithDatabase, RootedSite, PooledSite):
    """PHP in its own pool."""

    type: Literal["php"] = Field("php", description=TYPE)
    allow_override: bool = Field(
        False, description="Whether .htaccess files count; refused behind NGINX alone, which does not read them."
    )
    front_controller: Script | None = Field(
        None, description="The script that answers all paths without a file: `index.php`, as most frameworks want it."
    )

    def unfit(self, modes: Mapping[str, int]) -> tuple[str, str] | None:
        wrong = super().unfit(modes)
        script = join(self.root_in(""), self.front_controller or "")
        if wrong or not self.front_controller or self.build or script in modes:
            return wrong
        return f"it has no {script}", "`front_controller` is a script in the document root; `public` names that folder"


def overridden(sites: Mapping[str, SiteBase], server: str) -> None:
    """ValueError where a site's .htaccess files would have no effect: what they deny would be served."""
    site = next((name for name, site in sites.items() if isinstance(site, PhpSite) and site.allow_override), "")
    if site and server == "nginx":
        raise ValueError(
            f"{site}: `allow_override: true` needs Apache, because NGINX does not read .htaccess files: use "
            "`web: {server: apache}`, with `front: nginx` to have NGINX before it"
        )


STARTER = Starter(
    "Linux, Apache, MariaDB and PHP, and one site with a database.",
    "    database: true                  # PHP finds it in DB_HOST, DB_NAME, DB_USER and DB_PASSWORD\n"
    "    # source: app                   # a folder beside this file; else the files are in /var/www/NAME\n",
    "lamp",
    PHP,
)
