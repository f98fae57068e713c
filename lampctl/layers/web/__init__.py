"""The web server: Apache or NGINX, with one vhost for each site. What they share is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from lampctl.checks import Check
from lampctl.layers import maintenance
from lampctl.layers.base import Context, Desired, ProbeFile, Validator
from lampctl.layers.logins import logins
from lampctl.layers.services import service_check
from lampctl.layers.tls.profile import profile_of
from lampctl.layers.vhost import ROUTED, WELL_KNOWN, WELL_KNOWN_URL, Https, https_of
from lampctl.layers.web import apache, checks, front, nginx, reachable, taken, used
from lampctl.layers.web.rules import rules
from lampctl.layers.web.tier import Tier, tiers
from lampctl.platforms import WebNames
from lampctl.playbook import home_of
from lampctl.playbook.sites import answered, redirected
from lampctl.resources import (
    AbsentSymlink,
    Action,
    Directory,
    File,
    OutgoingService,
    Package,
    Rebind,
    Resource,
    Service,
    Symlink,
)
from lampctl.resources.shell import script


class Server(Protocol):
    """What differs between the servers."""

    NAMES: str  # extended regular expression: the directive with the names of a vhost

    def mark(self, context: Context) -> str: ...

    def server(self, context: Context, tier: Tier) -> Desired: ...

    def link(self, site: str, default: bool) -> str: ...

    def tls(self, names: WebNames, values: Mapping[str, object]) -> tuple[Resource, ...]: ...

    def mpm(self, root: str) -> tuple[str, ...]: ...

    def on_change(self, context: Context) -> Action: ...

    def rebinds(self, names: WebNames) -> tuple[Rebind, ...]: ...


_SERVERS: dict[str, Server] = {"apache": apache, "nginx": nginx}


def web(context: Context) -> Desired:
    if context.playbook.web is None:
        return Desired()
    found = tiers(context)
    total = Desired(
        resources=(
            Directory(WELL_KNOWN, "web"),
            *((front.SECRET,) if context.front else ()),
            *_rivals(context, found),  # before the servers that need their ports
        ),
        preflights=(taken.ports_preflight(context), used.rivals_preflight(context, found)),
        probe_files=tuple(
            dict.fromkeys(
                ProbeFile(vhost.probe_root, ".txt", "checks/probe.txt", {}, tenant=vhost.tenant)
                for vhost in found[0].vhosts.values()
            )
        ),
    )
    for tier in found:
        total += _SERVERS[tier.server].server(context, tier) + _tier(context, tier)
    return total


def _tier(context: Context, tier: Tier) -> Desired:
    names = tier.names
    secured = {} if tier.behind else {site: https for site in tier.vhosts if (https := https_of(context, site))}
    sandbox, homes = _sandbox(context, tier)
    service = _service(context, tier, secured.values())
    return Desired(
        resources=(
            Package(names.package, "web"),
            *sandbox,
            *homes,
            *(resource for site in tier.vhosts for resource in _files(context, tier, site, secured)),
            *(_tls(context, tier, secured) if secured else ()),
            service,
        ),
        checks=_checks(context, tier, service),
        validators=(Validator("web", names.test, names.root),),
        preflights=(
            taken.names_preflight(context, tier, _SERVERS[tier.server].NAMES),
            used.workers_preflight(context, tier),
        ),
        notes=used.notes(context, tier),
    )


def _checks(context: Context, tier: Tier, service: Service) -> tuple[Check, ...]:
    config, id = ("web.front-config", "web.front") if tier.front else ("web.config", "web.service")
    ports = taken.holders_probe(context, tier)
    return (
        checks.config(tier, config),
        service_check(id, f"{tier.names.title} runs", service, needs=config, ports=ports),
        *(() if tier.behind else (reachable.listens(context, tier, id),)),
        *(checks.static_file(context, tier, site) for site in tier.vhosts),
        *(() if tier.behind else reachable.defaults(context, tier)),
    )


def _service(context: Context, tier: Tier, secured: Iterable[Https]) -> Service:
    names = tier.names
    sandbox, homes = _sandbox(context, tier)
    secret = front.NGINX if tier.front else front.APACHE
    return Service(
        names.unit,
        "web",
        watch=(
            names.root,
            *(path for https in secured for path in (https.pair.certificate, https.pair.key)),
            *((secret,) if context.front else ()),
        ),
        on_change=_SERVERS[tier.server].on_change(context),
        ready=_ready(context, tier),
        test=names.test,
        units=(*(file.path for file in homes), *_SERVERS[tier.server].mpm(names.root)),
        sandbox=tuple(file.path for file in sandbox),
        behind=context.web.unit if tier.front else "",
        rebinds=_SERVERS[tier.server].rebinds(names),
        # A second instance would also start what others configured: their applications (mod_wsgi), programs that log.
        foreground=names.foreground if used.is_ours_alone(context) else "",
        outage="for about a second, nothing answers",
    )


def _sandbox(context: Context, tier: Tier) -> tuple[tuple[File, ...], tuple[File, ...]]:
    """The drop-in of the server's unit; and another that opens home directories, if a document root is in one.

    A unit that serves others' sites as well is left as it is, because a sandbox might hide their files.
    """
    if not used.takes_over(context, tier.names):
        return (), ()
    folder = f"/etc/systemd/system/{tier.names.unit}.d"
    in_home = any(vhost.root.startswith(("/home/", "/root/", "/run/user/")) for vhost in tier.vhosts.values())
    in_home = in_home or used.use_of(context, tier.names).homes
    # systemd reads drop-ins by name, and the last setting counts.
    homes = File(f"{folder}/lampctl.homes.conf", "web", "systemd/homes.conf.j2", {})
    return (File(f"{folder}/lampctl.conf", "web", "systemd/server.conf.j2", {}),), (homes,) if in_home else ()


def _tls(context: Context, tier: Tier, secured: Mapping[str, Https]) -> tuple[Resource, ...]:
    """The TLS settings that all sites with HTTPS share."""
    values = {
        "profile": profile_of(context),
        "names": tier.names,
        "catch_all": not _default_of(context, secured),
    }
    return _SERVERS[tier.server].tls(tier.names, values)


def _default_of(context: Context, sites: Iterable[str]) -> bool:
    """Whether one of these sites answers for unknown names."""
    return any(context.playbook.sites[site].default for site in sites)


def _ready(context: Context, tier: Tier) -> str:
    """Shell that succeeds once the server has its port, and, behind another one, its former port is free."""
    if not tier.behind or not context.front:
        return script("port/listening", "web/listens")
    return script("port/listening", "web/behind", port=tier.behind, front=context.front.unit)


def _files(context: Context, tier: Tier, site: str, secured: Mapping[str, Https]) -> tuple[Resource, ...]:
    names, options, vhost = tier.names, context.playbook.sites[site], tier.vhosts[site]
    values = {
        "site": site,
        "aliases": list(answered(site, options)[1:]),
        "moved": redirected(site, options),
        "rules": rules(context, tier, site),
        "default": options.default,
        "vhost": vhost,
        "home": home_of(site),
        "https": secured.get(site),
        # HTTPS for the name of a site without it: another site, the default one, would answer.
        "refused": apache.REFUSED.pair if _default_of(context, secured) else None,
        "names": names,
        "behind": tier.behind,
        "log_dir": names.log_dir,
        "front": front.NAMES,
        "well_known": WELL_KNOWN,
        "well_known_url": WELL_KNOWN_URL,
        "maintenance": maintenance.folder(site),
        "closed": maintenance.folder,  # of a route's target
        "routed": ROUTED,
        **vhost.values,
    }
    return (
        *(() if tier.front else logins(context, site, names)),
        File(f"{names.sites_available}/{site}.conf", "web", f"{tier.server}/vhost.conf.j2", values),
        *_links(context, tier, site),
    )


def _links(context: Context, tier: Tier, site: str) -> tuple[Symlink, AbsentSymlink]:
    """The link that enables a vhost; and the link from before the site became, or ceased to be, the default site."""
    default, target = context.playbook.sites[site].default, f"../sites-available/{site}.conf"
    link, other = (
        f"{tier.names.sites_enabled}/{_SERVERS[tier.server].link(site, is_default)}"
        for is_default in (default, not default)
    )
    return Symlink(link, "web", target), AbsentSymlink(other, "web", target)


def _rivals(context: Context, found: tuple[Tier, ...]) -> tuple[OutgoingService, ...]:
    """The platform's other web servers: one that lampctl deployed gives up its ports to the playbook's."""
    return tuple(
        OutgoingService(
            other.unit,
            "web",
            mark=_SERVERS[name].mark(context),
            drain=other.drain,
            ports=(80, 443),
            successors=tuple(tier.names.unit for tier in found),
            # NGINX never listens elsewhere: if it runs already, it has the ports, and Apache is behind it.
            successor=context.platform.web["nginx"].unit if name == "apache" else "",
        )
        for name, other in context.platform.web.items()
        if name not in {tier.server for tier in found}
    )
