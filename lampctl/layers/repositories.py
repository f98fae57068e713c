"""Archives of packages beside the distribution's own."""

from __future__ import annotations

from urllib.parse import urlsplit

from lampctl.layers.base import Context
from lampctl.platforms import CODENAMES
from lampctl.playbook import RepositoryOptions
from lampctl.resources import Repository


def repositories(context: Context) -> tuple[Repository, ...]:
    return tuple(
        Repository(
            name,
            "linux",
            options.url,
            options.suite,
            tuple(options.components),
            options.key,
            options.pin,
            _match(context, options),
            _preferred(context, name),
        )
        for name, options in context.playbook.linux.repositories.items()
    )


def _match(context: Context, options: RepositoryOptions) -> str:
    """What apt's pin knows the archive by.

    Another release of the distribution may come from the same server as its own, so its codename tells it; anybody
    else's archive may well use the distribution's codename, so its server does.
    """
    release = options.suite.partition("-")[0]
    if release in CODENAMES and options.suite != context.platform.codename:
        return f"release n={options.suite}"
    return f'origin "{urlsplit(options.url).hostname}"'


def _preferred(context: Context, name: str) -> tuple[str, ...]:
    """What all versions of PHP share has to come from where the versions beside the distribution's own come from:
    Debian's excludes every version but its own."""
    return context.platform.php.shared if name in context.playbook.php_repositories else ()
