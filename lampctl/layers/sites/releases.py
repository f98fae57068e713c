"""The releases of a site: what they are made of, and what runs around the switch to one."""

from __future__ import annotations

from lampctl.layers.base import Context
from lampctl.layers.environment import environment
from lampctl.layers.held import held, released
from lampctl.layers.versions import php_of
from lampctl.playbook import home_of, user_of
from lampctl.playbook.sites import ReleasedSite, RootedSite, SourcedSite
from lampctl.resources import HookAfter, HookBefore, Making, Release, Resource, Source
from lampctl.resources.release import KEPT


def releases(context: Context, name: str, hidden: tuple[str, ...]) -> tuple[Resource, ...]:
    """The release that is wanted, and the link to the one that is served. Nothing for a site that is not deployed.

    Args:
        hidden: Patterns of files that the web server's user must not read (see Release).
    """
    source = context.sources.get(name)
    if source is None:
        return ()
    home, site = home_of(name), context.playbook.sites[name]
    served = site.root_in("") if isinstance(site, RootedSite) else ""
    keep = site.keep if isinstance(site, ReleasedSite) else KEPT
    making = _making(context, name, site) if isinstance(site, SourcedSite) else Making()
    release = Release(home, "site", source, user_of(name), hidden, served, keep, making)
    return (
        *released(context, release),
        *(_around(context, name, site, source) if isinstance(site, SourcedSite) else ()),
    )


def _making(context: Context, name: str, site: SourcedSite) -> Making:
    without = tuple(sorted(environment(context, name).unbuilt))
    return Making(tuple(site.shared), tuple(site.writable), tuple(site.build), _php(context, name), without)


def _php(context: Context, name: str) -> str:
    return php_of(context, name).cli if name in context.playbook.php_sites else ""


def _around(context: Context, name: str, site: SourcedSite, source: Source) -> tuple[Resource, ...]:
    """The hooks, unless a rollback holds another release. Their sandbox, and that of builds, comes with the record."""
    if held(context, name):
        return ()
    given = (name, "site", source.digest)
    user, php = user_of(name), _php(context, name)
    before, after = tuple(site.hooks.before_switch), tuple(site.hooks.after_switch)
    return (
        *((HookBefore(*given, before, user, php),) if before else ()),
        *((HookAfter(*given, after, user, php),) if after else ()),
    )
