"""The web server: Apache or NGINX, with one vhost for each site. What they share is here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Protocol

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.facts import Facts
from lampctl.layers import http
from lampctl.layers.base import Context, Desired, Preflight, ProbeFile, Problem, Validator
from lampctl.layers.ports import holders
from lampctl.layers.services import service_check
from lampctl.layers.sites import vhost_of
from lampctl.layers.tls.profile import profile_of
from lampctl.layers.vhost import WELL_KNOWN, WELL_KNOWN_URL, Vhost, https_of
from lampctl.layers.web import apache, nginx
from lampctl.layers.web.tier import Tier, tiers
from lampctl.platforms import WebNames
from lampctl.playbook import home_of
from lampctl.resources import Action, Directory, File, Package, Resource, Service, Symlink
from lampctl.resources.shell import quote


class Server(Protocol):
    """What each server does its own way."""

    NAMES: str  # extended regular expression: the directive that says which names a vhost answers for

    def mark(self, context: Context) -> str: ...

    def server(self, context: Context, tier: Tier) -> Desired: ...

    def restarts(self, context: Context, handlers: frozenset[str]) -> tuple[str, ...]:
        """Paths that the server reads when it starts only."""
        ...

    def link(self, site: str, default: bool) -> str: ...

    def tls(self, names: WebNames, values: Mapping[str, object]) -> tuple[Resource, ...]: ...

    def on_change(self, context: Context) -> Action: ...


_SERVERS: dict[str, Server] = {"apache": apache, "nginx": nginx}


def web(context: Context) -> Desired:
    if context.playbook.web is None:
        return Desired()
    found = tiers(context)
    total = Desired(
        resources=(Directory(WELL_KNOWN, "web"), *_rivals(context, found)),  # before those who need their ports
        preflights=(Preflight("web.port", _port_probe(context), _judge_port),),
        probe_files=tuple(
            dict.fromkeys(
                ProbeFile(vhost.probe_root, ".txt", "checks/probe.txt", {}) for vhost in found[0].vhosts.values()
            )
        ),
    )
    for tier in found:
        total += _SERVERS[tier.server].server(context, tier) + _tier(context, tier)
    return total


def _tier(context: Context, tier: Tier) -> Desired:
    names, own = tier.names, _SERVERS[tier.server]
    secured = {} if tier.behind else {site: https for site in tier.vhosts if (https := https_of(context, site))}
    keys = (path for https in secured.values() for path in (https.pair.certificate, https.pair.key))
    service = Service(
        names.unit,
        "web",
        watch=(names.root, *keys),
        on_change=own.on_change(context),
        ready=_behind(context, tier),
        test=names.test,
        units=own.restarts(context, tier.handlers),
    )
    config = "web.front-config" if tier.front else "web.config"
    return Desired(
        resources=(
            Package(names.package, "web"),
            *(resource for site, vhost in tier.vhosts.items() for resource in _files(context, tier, site, vhost)),
            *(_tls(context, tier, frozenset(secured)) if secured else ()),
            service,
        ),
        checks=(
            _config_check(tier, config),
            service_check("web.front" if tier.front else "web.service", f"{names.title} runs", service, needs=config),
            *(_static_check(context, tier, site) for site in tier.vhosts),
        ),
        displaced=tuple(_link(context, tier, site, other=True) for site in tier.vhosts),
        validators=(Validator("web", names.test, names.root),),
        preflights=(Preflight(f"web.{tier.server}.names", _names_probe(tier), partial(_judge_names, context, tier)),),
    )


def _tls(context: Context, tier: Tier, secured: frozenset[str]) -> tuple[Resource, ...]:
    """What all sites with HTTPS share."""
    default = any(context.playbook.sites[site].default for site in secured)
    values = {"profile": profile_of(context), "names": tier.names, "catch_all": not default}
    return _SERVERS[tier.server].tls(tier.names, values)


# NGINX tries to get its port each half second only; so it is started when Apache's former processes have let go of it.
_BEHIND = r"""
bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' || exit 1
systemctl is-active --quiet {front} || ! grep -qE ':0050 [0-9A-F:]+ 0A ' /proc/net/tcp /proc/net/tcp6 || {{
    echo 'port 80 is still taken'; exit 1; }}
"""


def _behind(context: Context, tier: Tier) -> str:
    """Ready, if it stands behind another server: it has its new port, and its former one is free."""
    if not tier.behind or not context.front:
        return ""
    return _BEHIND.format(port=tier.behind, front=quote(context.front.unit))


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
        "well_known": WELL_KNOWN,
        "well_known_url": WELL_KNOWN_URL,
        **vhost.values,
    }
    return (
        File(f"{names.sites_available}/{site}.conf", "web", f"{tier.server}/vhost.conf.j2", values),
        _link(context, tier, site),
    )


def _link(context: Context, tier: Tier, site: str, *, other: bool = False) -> Symlink:
    """What enables a vhost. `other`: as it would be if the site became, or no longer were, the default one."""
    name = _SERVERS[tier.server].link(site, context.playbook.sites[site].default is not other)
    return Symlink(f"{tier.names.sites_enabled}/{name}", "web", f"../sites-available/{site}.conf")


def _rivals(context: Context, found: tuple[Tier, ...]) -> tuple[Service, ...]:
    """The other servers of the table: one that lampctl deployed gives its ports to those of the playbook."""
    return tuple(
        Service(
            other.unit,
            "web",
            running=False,
            mark=_SERVERS[name].mark(context),
            drain=other.drain,
            ports=(80, 443),
            # NGINX never listens elsewhere: where it runs already, it has the ports, and Apache is behind it.
            heir=context.platform.web["nginx"].unit if name == "apache" else "",
        )
        for name, other in context.platform.web.items()
        if name not in {tier.server for tier in found}
    )


def _config_check(tier: Tier, id: str) -> Check:
    return Check(
        id,
        "web",
        Where.HOST,
        f"{tier.names.title}'s config is valid" if tier.front else "the web server's config is valid",
        "the server's own test passes",
        _judge_config,
        needs=("linux.ssh",),
        probe=HostProbe(f"{tier.names.test} 2>&1; echo rc=$?"),
    )


def _judge_config(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    if seen.raw.rstrip().endswith("rc=0"):
        return passed("valid")
    if seen.raw.rstrip().endswith("rc=127"):
        return unknown("there is no web server that could read it")
    text = seen.raw.rsplit("rc=", 1)[0]
    return failed("the config on disk is not valid", text, "mend the line that it names, or run lampctl deploy")


def _static_check(context: Context, tier: Tier, site: str) -> Check:
    """Where there are two servers: the inner one by itself, then the whole way."""
    path = f"{vhost_of(context, site).probe_url}lampctl-probe-$TOKEN.txt"
    where = f"127.0.0.1:{tier.behind}" if tier.behind else http.port(context, site)
    unit = tier.names.unit.removesuffix(".service")
    hint = f"systemctl status {unit}; ss -ltnp 'sport = :{where.rpartition(':')[2]}'"
    return Check(
        f"web.{'behind' if tier.behind else 'static'}@{site}",
        "web",
        Where.HOST,
        f"{tier.names.title} serves a file to the server before it" if tier.behind else "a static file is served",
        "200 with the file's text",
        partial(http.judged, where, partial(_judge_static, unit), hint=hint),
        needs=("web.front", f"web.behind@{site}") if tier.front else ("web.service",),
        probe=http.local(context, site, path, tier.behind or 80),
    )


def _judge_static(unit: str, answer: http.Answer, log: str) -> Verdict:
    if answer.status == 200 and answer.body.startswith("lampctl-static "):
        return passed("200 with the file's text")
    shows = {"apache2": "apache2ctl -S", "nginx": "nginx -T"}[unit]
    hint = {
        403: "the web server may not read the document root: look at the rights of each directory on the way",
        502: "NGINX does not reach Apache: ss -ltnp shows where Apache listens",
        404: f"another vhost answers for this name, or its root is another: {shows}",
    }.get(403 if "(13: " in log else answer.status, f"{shows} shows which vhost answers")  # EACCES, of a 404 by NGINX
    return failed(f"{answer.status}, {len(answer.body)} bytes of something else", log or answer.body[:200], hint)


def _port_probe(context: Context) -> str:
    """Nobody asks while one of the table's servers runs: it has the port, and whose it is shows elsewhere."""
    units = [names.unit for names in context.platform.web.values()]
    ports = (80, 443) if any(site.https for site in context.playbook.sites.values()) else (80,)
    return "\n".join(f"({holders(port, units)})" for port in ports)


def _judge_port(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    if not changing or not raw.split():
        return []
    port, pid, name = f"{raw.splitlines()[0]}  ".split(" ", 2)
    name = name.strip()
    if name in ("apache2", "nginx"):  # its own, outside systemd: a start would fail as well
        hint = f"kill {pid}, so that systemd can start it"
    else:
        hint = f"stop it (systemctl disable --now {name or 'its unit'}), or deploy to another host"
    return [
        Problem("port-taken", f"port {port} is taken by {name or 'another program'} (pid {pid or 'unknown'})", hint)
    ]


def _names_probe(tier: Tier) -> str:
    directory = tier.names.sites_enabled
    return f"grep -HiE '^[[:space:]]*{_SERVERS[tier.server].NAMES}[[:space:]]' {directory}/*.conf 2>/dev/null || :"


def _judge_names(context: Context, tier: Tier, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """A vhost of somebody else that already answers for one of our names."""
    ours = {n for name, site in context.playbook.sites.items() for n in (name, *site.aliases)}
    directory = tier.names.sites_enabled
    files = {f"{directory}/{prefix}{site}.conf" for site in context.playbook.sites for prefix in ("", "00-")}
    for line in raw.splitlines():
        file, _, directive = line.partition(":")
        taken = ours & {word.rstrip(";") for word in directive.split()[1:]}
        if changing and taken and file not in files:
            name = sorted(taken)[0]
            message = f"{file} already serves {name}, and was not made by lampctl; it was left alone"
            return [Problem("foreign-vhost", message, "disable it, or give the site another name")]
    return []
