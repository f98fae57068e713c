"""The releases of a site: what they are made of, and what runs around the switch to one."""

from __future__ import annotations

from collections.abc import Sequence

from lampctl.layers.base import Context, Desired
from lampctl.layers.environment import environment
from lampctl.layers.held import held, released
from lampctl.layers.versions import php_of
from lampctl.playbook import database_of, home_of, user_of
from lampctl.playbook.sites import ReleasedSite, RootedSite, SourcedSite
from lampctl.playbook.sites.pipeline import HookCommand
from lampctl.resources import HookAfter, HookBefore, HookElsewhere, Making, Release, Resource, Source
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
    others = context.others
    before, earlier = _here(site.hooks.before, others.before.get(name, ""))
    after, later = _here(site.hooks.after, others.after.get(name, ""))
    left = (HookElsewhere(*given, later),) if later else ()
    return (
        *((HookBefore(*given, before, user, php, earlier),) if before else ()),
        *((HookAfter(*given, after, user, php, later),) if after else left),
    )


def _here(hooks: Sequence[HookCommand], elsewhere: str) -> tuple[tuple[str, ...], str]:
    """(the commands that run on this host, the host that runs some of them, or empty)."""
    here = tuple(hook.command for hook in hooks if hook.each or not elsewhere)
    return here, elsewhere if len(here) < len(hooks) else ""


def left_out(context: Context, name: str) -> Desired:
    """A note for a host whose own database a migration leaves as it is."""
    site, host = context.playbook.sites[name], context.others.before.get(name, "")
    database = database_of(name, site)
    if not host or not isinstance(site, SourcedSite) or not database or database.host:
        return Desired()
    if all(hook.each for hook in site.hooks.before):
        return Desired()
    return Desired(
        notes=(
            f"before_switch of {name} runs on {host} only, and the site has another database here: "
            "{command: …, each: true} runs on every host",
        )
    )
