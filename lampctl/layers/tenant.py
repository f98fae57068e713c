"""A site as a tenant of its host: the sandbox of everything that runs the site's code, and its slice.

A unit's template includes systemd/tenant.j2 in its [Service] section, given `tenant`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lampctl.layers import sizing
from lampctl.layers.base import Context
from lampctl.playbook import home_of, slice_of, user_of
from lampctl.playbook.sites import SiteBase, SourcedSite, packaged
from lampctl.resources import File

SITES = "/var/www"  # where homes are, which the sandbox hides from each other


@dataclass(frozen=True)
class Tenant:
    """The variable `tenant` of systemd/tenant.j2."""

    user: str
    slice: str
    folders: tuple[str, ...]  # below /var/www: the only ones that it can see; empty: nothing there is hidden
    outer: str  # a document root elsewhere; empty: none
    ports: tuple[int, ...]  # that it listens on
    writes: bool  # can it write to its folders, as far as their owners and modes allow
    hosts: str = ""  # what it sees as /etc/hosts; empty: the host's own


def tenant(context: Context, name: str, *, writes: bool = False, ports: Sequence[int] = ()) -> Tenant:
    """The sandbox of one unit of a site. `ports`: TCP ports that it listens on; no others can be bound."""
    folders, outer = [home_of(name)], ""
    root = str(getattr(context.playbook.sites[name], "root", None) or "").rstrip("/")
    if packaged(root):
        root = ""  # everybody reads it, and only packages write there
    if root == SITES:
        folders = []
        outer = root
    elif root.startswith(SITES + "/"):
        # The whole folder below /var/www: a link in it might change while the unit runs.
        folders.append("/".join(root.split("/")[:4]))
    else:
        outer = root
    options = context.playbook.sites[name]
    writes = writes or (isinstance(options, SourcedSite) and bool(options.shared or options.writable))
    hosts = hosts_of(name) if options.calls_itself else ""
    return Tenant(user_of(name), slice_of(name), tuple(dict.fromkeys(folders)), outer, tuple(ports), writes, hosts)


def hosts_of(name: str) -> str:
    """What the sandbox has as /etc/hosts. What composes the site's environment writes it before each start."""
    return f"/run/lampctl-environment/{name}@hosts"  # no hostname has an @


def runs_commands(options: SiteBase) -> bool:
    """Whether anything runs for a site: one without code of its own may be built."""
    hooks = options.hooks if isinstance(options, SourcedSite) else None
    built = isinstance(options, SourcedSite) and options.build
    return options.runs_code or bool(built or (hooks and (hooks.before_switch or hooks.after_switch)))


def slices(context: Context, name: str) -> tuple[File, ...]:
    """The slice that all units of the site are in; systemd starts it with the first of them.

    None for a site for which nothing runs.
    """
    if not runs_commands(context.playbook.sites[name]):
        return ()
    values = {"site": name, "limits": sizing.site_limits(context.facts)}
    return (File(f"/etc/systemd/system/{slice_of(name)}", "site", "systemd/slice.j2", values),)
