"""PHP."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lampctl.playbook.sites.base import TYPE, PooledSite, RootedSite
from lampctl.playbook.sites.options import DatabaseOptions, SitePhpOptions


class PhpSite(RootedSite, PooledSite):
    """PHP in a pool of its own."""

    type: Literal["php"] = Field("php", description=TYPE)
    allow_override: bool = Field(False, description="Whether .htaccess files count (Apache only).")
    database: DatabaseOptions | bool = Field(
        False, description="`true`: a database with default names; a mapping: named; `false`: none."
    )
    php: SitePhpOptions = Field(SitePhpOptions(), description="PHP settings of this site.")
