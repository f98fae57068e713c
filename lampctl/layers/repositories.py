"""Package archives besides the distribution's own."""

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
    """How apt's pin identifies the archive.

    Another release of the distribution may come from the same server, so it is identified by its codename. A third
    party's archive may use the distribution's codename, so it is identified by its server.
    """
    release = options.suite.partition("-")[0]
    if release in CODENAMES and options.suite != context.platform.codename:
        return f"release n={options.suite}"
    return f'origin "{urlsplit(options.url).hostname}"'


def _preferred(context: Context, name: str) -> tuple[str, ...]:
    """The packages that all versions of PHP share, if this archive has other versions than the distribution's own:
    Debian's packages exclude those."""
    return context.platform.php.shared if name in context.playbook.php_repositories else ()
