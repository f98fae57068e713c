"""Which PHP runs which site. Each version is a service of its own, with its own pools and sockets."""

from __future__ import annotations

from lampctl.layers.base import Context
from lampctl.platforms import PhpNames


def php_of(context: Context, site: str) -> PhpNames:
    """The names of the PHP that runs this site."""
    version = context.playbook.php_version(site)
    return context.platform.php_of(version) if version else context.platform.php


def versions(context: Context) -> tuple[PhpNames, ...]:
    """Every PHP that the playbook needs, the oldest first; without PHP sites, the default one."""
    if context.playbook.php is None:
        return ()
    found = {names.version: names for site in context.playbook.php_sites if (names := php_of(context, site))}
    if not found:
        version = context.playbook.php.version
        return (context.platform.php_of(version) if version else context.platform.php,)
    return tuple(found[version] for version in sorted(found, key=_number))


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
