"""WordPress."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from lampctl.playbook.fields import OneLine, UserName
from lampctl.playbook.sites.base import TYPE, PooledSite, ReleasedSite
from lampctl.playbook.sites.extras import PluginFiles, Slug, ThemeFiles, parts
from lampctl.playbook.sites.limits import within
from lampctl.playbook.sites.names import home_of, key_of
from lampctl.playbook.sites.options import DatabaseOptions
from lampctl.playbook.sites.source import SHA256, Origin
from lampctl.playbook.sites.starter import PHP, Starter


class WordpressSite(PooledSite, ReleasedSite):
    """WordPress, installed and ready to log in."""

    verifies: ClassVar[bool] = False
    calls_itself: ClassVar[bool] = True

    type: Literal["wordpress"] = Field(description=TYPE)
    title: OneLine = Field("WordPress", description="The site's title, when it is installed.")
    admin: UserName = Field("admin", description="Its first user, whose password is generated on the host.")
    email: OneLine = Field("admin@localhost.localdomain", description="That user's address.")
    tarball: OneLine | None = Field(
        None, description="A tarball of WordPress on this machine, instead of Debian's package."
    )
    sha256: Annotated[str, Field(pattern=SHA256)] | None = Field(
        None, description="The tarball's checksum; required with it.", examples=["0" * 64]
    )
    database: DatabaseOptions | Literal[True] = Field(True, description="The database; a mapping sets its names.")
    cron: bool = Field(
        True,
        description="A timer runs WordPress's events. Of several hosts with one database, on the first only. If false, "
        "something else has to run them.",
    )

    plugins: dict[Slug, PluginFiles] = Field(
        {},
        description="Plugins that are delivered, and active: each a folder beside the playbook, or a mapping. The site "
        "cannot change their files.",
    )
    themes: dict[Slug, ThemeFiles] = Field({}, description="Themes that are delivered, likewise.")
    theme: Slug | None = Field(
        None, description="The active theme: one of `themes`, or of WordPress's own. Default: as wp-admin sets it."
    )

    multisite: Literal["subdirectory", "subdomain"] | None = Field(
        None,
        description="A network of sites: at NAME/SITE/ (`subdirectory`), or each under a name of its own that "
        "`aliases` lists (`subdomain`). A single site becomes one; there is no way back.",
    )

    @model_validator(mode="after")
    def _a_network(self) -> Self:
        if self.multisite == "subdomain" and not self.aliases:
            raise ValueError("`multisite: subdomain` needs `aliases`: the name of each further site")
        if self.multisite and self.renamed_from:
            raise ValueError("`renamed_from` and `multisite` exclude each other: a network's database has its names")
        return self

    @model_validator(mode="after")
    def _checked(self) -> Self:
        if bool(self.tarball) != bool(self.sha256):
            raise ValueError("`tarball` and `sha256` go together")
        return self

    @property
    def files(self) -> Origin | None:
        extras = (*parts("plugins", self.plugins), *parts("themes", self.themes))
        if self.tarball is not None:
            return Origin("tarball", self.tarball, self.sha256 or "", parts=extras)
        return Origin("plugins" if self.plugins else "themes", "", parts=extras) if extras else None

    def unlimited(self, path: str) -> str:
        _, content = self.code_at("")
        if within(path, content):
            return f"only `methods` of a path fit here: what is below {content} are files, which are only read"
        return super().unlimited(path)

    @property
    def requested(self) -> tuple[str, ...]:
        return (*super().requested, "/wp-login.php", "/wp-json/", "/wp-admin/admin-ajax.php", "/wp-content/uploads/")

    def code_at(self, name: str) -> tuple[str, str]:
        return f"{home_of(name)}/wp-content", "/wp-content/"

    @property
    def extensions(self) -> tuple[str, ...]:
        return ("mysql", "curl", "gd", "imagick", "intl", "mbstring", "xml", "zip", *super().extensions)

    def own_variables(self, name: str) -> dict[str, str]:
        """Debian's WordPress finds /etc/wordpress/config-KEY.php by it; a key has letters, digits and hyphens only."""
        return {"WORDPRESS_CONFIG": key_of(name)}

    def own_secrets(self, name: str) -> dict[str, str]:
        return {"WP_SECRET": f"salts@{name}"}


STARTER = Starter("WordPress on Apache, MariaDB and PHP, ready to log in.", "    title: My WordPress\n", "lamp", PHP)
