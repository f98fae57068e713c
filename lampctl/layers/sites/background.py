"""What a site's workers and schedules run in: the served release, in the sandbox and environment of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lampctl.layers.base import Context
from lampctl.layers.environment import environment
from lampctl.layers.fpm import ini_of, state_of
from lampctl.layers.tenant import tenant
from lampctl.layers.versions import php_of
from lampctl.playbook import home_of, root_of, user_of
from lampctl.playbook.sites import PooledSite, WorkingSite
from lampctl.resources import File, Resource, Symlink

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# php.ini directives that limit a request; PHP on the command line has no such limits, unless these are set.
_OF_REQUESTS = ("max_execution_time", "max_input_time")


@dataclass(frozen=True)
class Background:
    """What the units of a site's workers and schedules have in common.

    Attributes:
        folder: Their working directory.
        resources: Files that they need.
        reads: Files of lampctl that they read when they start.
        php: The site's PHP on the command line; empty if it has none of its own.
        values: Variables of unit/background.conf.j2.
    """

    folder: str
    resources: tuple[Resource, ...]
    reads: tuple[str, ...]
    values: Mapping[str, object]
    php: str = ""

    def command(self, text: str) -> str:
        """The command of a unit: a relative path is below the working directory, `php` is the site's own."""
        first, _, rest = text.partition(" ")
        if "/" in first and not first.startswith("/"):
            first = f"{self.folder}/{first.removeprefix('./')}"
        return f"{(self.php or first) if first == 'php' else first} {rest}".strip()


def release_link(context: Context, name: str) -> str:
    """The link to the release that is served; empty for a site without releases."""
    return f"{home_of(name)}/current" if name in context.sources else ""


def background(context: Context, name: str, options: WorkingSite) -> Background:
    pooled = isinstance(options, PooledSite)
    given = environment(context, name)
    php, php_values = _php(context, name) if pooled else ((), {"php": None})
    values = {
        "site": name,
        "user": user_of(name),
        "folder": release_link(context, name) or root_of(name, options) or home_of(name),
        "tenant": tenant(context, name, writes=pooled),
        "environment": given.unit,
        "writes": state_of(name) if pooled else "",
        **php_values,
    }
    reads = (*given.watched, *(file.path for file in php if isinstance(file, File)))
    program = next((link.path for link in php if isinstance(link, Symlink)), "")
    return Background(str(values["folder"]), (*given.resources, *php), reads, values, program)


def _php(context: Context, name: str) -> tuple[tuple[Resource, ...], Mapping[str, object]]:
    """`php` is the site's own version, also for programs that start it; its settings are the site's."""
    names = php_of(context, name)
    programs = f"{names.own_dir}-bin"
    path = f"/etc/lampctl/php/{names.version}/{name}.ini"
    settings = {key: value for key, value in ini_of(context, name).items() if key not in _OF_REQUESTS}
    ini = File(path, "site", "php/site.ini.j2", {"ini": settings}, mode=0o600)
    link = Symlink(f"{programs}/php", "site", f"/usr/bin/{names.cli}")
    return (ini, link), {"php": names, "ini": path, "path": f"{programs}:{_PATH}"}
