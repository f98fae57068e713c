"""The web server: Apache or NGINX, with one vhost for each site. What they share is here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from lampctl.layers.base import Context, Desired, ProbeFile, Validator
from lampctl.layers.services import service_check
from lampctl.layers.tls.profile import profile_of
from lampctl.layers.vhost import WELL_KNOWN, WELL_KNOWN_URL, Https, Vhost, https_of
from lampctl.layers.web import apache, checks, front, nginx, taken
from lampctl.layers.web.tier import Tier, tiers
from lampctl.platforms import WebNames
from lampctl.playbook import home_of
from lampctl.resources import (
    AbsentSymlink,
    Action,
    Directory,
    File,
    OutgoingService,
    Package,
    Resource,
    Service,
    Symlink,
)
from lampctl.resources.shell import script


class Server(Protocol):
    """What each server does its own way."""

    NAMES: str  # extended regular expression: the directive that says which names a vhost answers for

    def mark(self, context: Context) -> str: ...

    def server(self, context: Context, tier: Tier) -> Desired: ...

    def link(self, site: str, default: bool) -> str: ...

    def tls(self, names: WebNames, values: Mapping[str, object]) -> tuple[Resource, ...]: ...

    def on_change(self, context: Context) -> Action: ...


_SERVERS: dict[str, Server] = {"apache": apache, "nginx": nginx}


def web(context: Context) -> Desired:
    if context.playbook.web is None:
        return Desired()
    found = tiers(context)
    total = Desired(
        resources=(
            Directory(WELL_KNOWN, "web"),
            *((front.SECRET,) if context.front else ()),
            *_rivals(context, found),  # before those who need their ports
        ),
        preflights=(taken.of_ports(context),),
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
    sandbox, homes = _sandbox(tier)
    service = _service(context, tier, secured.values())
    config = "web.front-config" if tier.front else "web.config"
    return Desired(
        resources=(
            Package(names.package, "web"),
            sandbox,
            *homes,
            *(resource for site, vhost in tier.vhosts.items() for resource in _files(context, tier, site, vhost)),
            *(_tls(context, tier, frozenset(secured)) if secured else ()),
            service,
        ),
        checks=(
            checks.config(tier, config),
            service_check("web.front" if tier.front else "web.service", f"{names.title} runs", service, needs=config),
            *(checks.static_file(context, tier, site) for site in tier.vhosts),
        ),
        validators=(Validator("web", names.test, names.root),),
        preflights=(taken.of_names(context, tier, _SERVERS[tier.server].NAMES),),
    )


def _service(context: Context, tier: Tier, secured: Iterable[Https]) -> Service:
    names = tier.names
    sandbox, homes = _sandbox(tier)
    return Service(
        names.unit,
        "web",
        watch=(names.root, *(path for https in secured for path in (https.pair.certificate, https.pair.key))),
        on_change=_SERVERS[tier.server].on_change(context),
        ready=_behind(context, tier),
        test=names.test,
        units=tuple(file.path for file in homes),
        sandbox=(sandbox.path,),
        behind=context.web.unit if tier.front else "",
    )


def _sandbox(tier: Tier) -> tuple[File, tuple[File, ...]]:
    """The drop-in of the server's unit, and the one that lets it see people's homes where a document root is there."""
    folder = f"/etc/systemd/system/{tier.names.unit}.d"
    in_home = any(vhost.root.startswith(("/home/", "/root/", "/run/user/")) for vhost in tier.vhosts.values())
    homes = File(f"{folder}/lampctl-homes.conf", "web", "systemd/homes.conf.j2", {})
    return File(f"{folder}/lampctl.conf", "web", "systemd/server.conf.j2", {}), (homes,) if in_home else ()


def _tls(context: Context, tier: Tier, secured: frozenset[str]) -> tuple[Resource, ...]:
    """What all sites with HTTPS share."""
    default = any(context.playbook.sites[site].default for site in secured)
    values = {"profile": profile_of(context), "names": tier.names, "catch_all": not default}
    return _SERVERS[tier.server].tls(tier.names, values)


def _behind(context: Context, tier: Tier) -> str:
    """Ready, if it stands behind another server: it has its new port, and its former one is free."""
    if not tier.behind or not context.front:
        return ""
    return script("web/behind", port=tier.behind, front=context.front.unit)


def _files(context: Context, tier: Tier, site: str, vhost: Vhost) -> tuple[Resource, ...]:
    names, options = tier.names, context.playbook.sites[site]
    values = {
        "site": site,
        "aliases": options.aliases,
        "default": options.default,
        "vhost": vhost,
        "home": home_of(site),
        "https": None if tier.behind else https_of(context, site),
        "names": names,
        "behind": tier.behind,
        "log_dir": names.log_dir,
        "front": front.NAMES,
        "well_known": WELL_KNOWN,
        "well_known_url": WELL_KNOWN_URL,
        **vhost.values,
    }
    return (
        File(f"{names.sites_available}/{site}.conf", "web", f"{tier.server}/vhost.conf.j2", values),
        *_links(context, tier, site),
    )


def _links(context: Context, tier: Tier, site: str) -> tuple[Symlink, AbsentSymlink]:
    """What enables a vhost; and its name of before the site became, or ceased to be, the default one."""
    default, target = context.playbook.sites[site].default, f"../sites-available/{site}.conf"
    link, other = (
        f"{tier.names.sites_enabled}/{_SERVERS[tier.server].link(site, is_default)}"
        for is_default in (default, not default)
    )
    return Symlink(link, "web", target), AbsentSymlink(other, "web", target)


def _rivals(context: Context, found: tuple[Tier, ...]) -> tuple[OutgoingService, ...]:
    """The other servers of the table: one that lampctl deployed gives its ports to those of the playbook."""
    return tuple(
        OutgoingService(
            other.unit,
            "web",
            mark=_SERVERS[name].mark(context),
            drain=other.drain,
            ports=(80, 443),
            # NGINX never listens elsewhere: where it runs already, it has the ports, and Apache is behind it.
            successor=context.platform.web["nginx"].unit if name == "apache" else "",
        )
        for name, other in context.platform.web.items()
        if name not in {tier.server for tier in found}
    )
