"""PHP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lampctl.playbook.sites.base import TYPE, PooledSite, RootedSite
from lampctl.playbook.sites.options import DatabaseOptions
from lampctl.playbook.sites.starter import PHP, Starter


class PhpSite(RootedSite, PooledSite):
    """PHP in a pool of its own."""

    type: Literal["php"] = Field("php", description=TYPE)
    allow_override: bool = Field(False, description="Whether .htaccess files count (Apache only).")
    database: DatabaseOptions | bool = Field(
        False, description="`true`: a database with default names; a mapping: named; `false`: none."
    )


STARTER = Starter(
    "Linux, Apache, MariaDB and PHP, and one site with a database.",
    "    database: true                  # PHP finds it in DB_HOST, DB_NAME, DB_USER and DB_PASSWORD\n"
    "    # source: app                   # a folder beside this file; else the files are in /var/www/NAME\n",
    "lamp",
    PHP,
)
