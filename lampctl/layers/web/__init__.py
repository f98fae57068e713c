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
from lampctl.playbook import home_of
from lampctl.resources import Directory, File, Package, Resource, Service, Symlink


class Server(Protocol):
    """What each server does its own way."""

    NAMES: str  # extended regular expression: the directive that says which names a vhost answers for

    def mark(self, context: Context) -> str: ...

    def server(self, context: Context, handlers: frozenset[str]) -> Desired: ...

    def restarts(self, context: Context, handlers: frozenset[str]) -> tuple[str, ...]:
        """Paths that the server reads when it starts only."""
        ...

    def link(self, site: str, default: bool) -> str: ...

    def tls(self, context: Context, values: Mapping[str, object]) -> tuple[Resource, ...]: ...


_SERVERS: dict[str, Server] = {"apache": apache, "nginx": nginx}


def web(context: Context) -> Desired:
    if context.playbook.web is None:
        return Desired()
    names, own = context.web, _SERVERS[context.playbook.web.server]
    vhosts = {site: vhost_of(context, site) for site in context.playbook.sites}
    secured = {site: found for site in vhosts if (found := https_of(context, site))}
    keys = (path for found in secured.values() for path in (found.pair.certificate, found.pair.key))
    handlers = frozenset(vhost.handler for vhost in vhosts.values())
    service = Service(
        names.unit, "web", watch=(names.root, *keys), test=names.test, units=own.restarts(context, handlers)
    )
    base = Desired(
        resources=(
            Package(names.package, "web"),
            Directory(WELL_KNOWN, "web"),
            *(resource for site, vhost in vhosts.items() for resource in _files(context, site, vhost)),
            *(_tls(context, own, frozenset(secured)) if secured else ()),
            *_rivals(context),  # before the service: they have the ports that it needs
            service,
        ),
        checks=(
            _config_check(names.test),
            service_check("web.service", f"{names.title} runs", service, needs="web.config"),
            *(_static_check(context, site, vhost) for site, vhost in vhosts.items()),
        ),
        validators=(Validator("web", names.test, names.root),),
        preflights=(
            Preflight("web.port", _port_probe(context), _judge_port),
            Preflight("web.names", _names_probe(context, own), partial(_judge_names, context)),
        ),
        probe_files=tuple(
            dict.fromkeys(ProbeFile(vhost.probe_root, ".txt", "checks/probe.txt", {}) for vhost in vhosts.values())
        ),
    )
    return own.server(context, handlers) + base


def _tls(context: Context, own: Server, secured: frozenset[str]) -> tuple[Resource, ...]:
    """What all sites with HTTPS share."""
    default = any(context.playbook.sites[site].default for site in secured)
    return own.tls(context, {"profile": profile_of(context), "names": context.web, "catch_all": not default})


def _files(context: Context, site: str, vhost: Vhost) -> tuple[Resource, ...]:
    names, options = context.web, context.playbook.sites[site]
    values = {
        "site": site,
        "aliases": options.aliases,
        "default": options.default,
        "vhost": vhost,
        "home": home_of(site),
        "https": https_of(context, site),
        "names": names,
        "log_dir": names.log_dir,
        "well_known": WELL_KNOWN,
        "well_known_url": WELL_KNOWN_URL,
        **vhost.values,
    }
    assert context.playbook.web is not None
    server = context.playbook.web.server
    link = _SERVERS[server].link(site, options.default)
    return (
        File(f"{names.sites_available}/{site}.conf", "web", f"{server}/vhost.conf.j2", values),
        Symlink(f"{names.sites_enabled}/{link}", "web", f"../sites-available/{site}.conf"),
    )


def _rivals(context: Context) -> tuple[Service, ...]:
    """The other servers of the table: one that lampctl deployed gives its ports to this one."""
    return tuple(
        Service(
            other.unit,
            "web",
            running=False,
            mark=_SERVERS[name].mark(context),
            drain=other.drain,
            ports=(80, 443),
        )
        for name, other in context.platform.web.items()
        if other != context.web
    )


def _config_check(test: str) -> Check:
    return Check(
        "web.config",
        "web",
        Where.HOST,
        "the web server's config is valid",
        "the server's own test passes",
        _judge_config,
        needs=("linux.ssh",),
        probe=HostProbe(f"{test} 2>&1; echo rc=$?"),
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


def _static_check(context: Context, site: str, vhost: Vhost) -> Check:
    return Check(
        f"web.static@{site}",
        "web",
        Where.HOST,
        "a static file is served",
        "200 with the file's text",
        partial(_judge_static, context.web.unit.removesuffix(".service"), http.port(context, site)),
        needs=("web.service",),
        probe=http.local(context, site, f"{vhost.probe_url}lampctl-probe-$TOKEN.txt"),
    )


def _judge_static(unit: str, port: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    answer, log = http.heard(seen.raw)
    if answer is None:
        shown = f"systemctl status {unit}; ss -ltnp 'sport = :{port.rpartition(':')[2]}'"
        return failed(f"no HTTP answer on {port}", log, shown)
    if answer.status == 200 and answer.body.startswith("lampctl-static "):
        return passed("200 with the file's text")
    shows = {"apache2": "apache2ctl -S", "nginx": "nginx -T"}[unit]
    hint = {
        403: "the web server may not read the document root: look at the rights of each directory on the way",
        404: f"another vhost answers for this name, or its root is another: {shows}",
    }.get(answer.status, f"{shows} shows which vhost answers")
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


def _names_probe(context: Context, own: Server) -> str:
    directory = context.web.sites_enabled
    return f"grep -HiE '^[[:space:]]*{own.NAMES}[[:space:]]' {directory}/*.conf 2>/dev/null || :"


def _judge_names(context: Context, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """A vhost of somebody else that already answers for one of our names."""
    ours = {n for name, site in context.playbook.sites.items() for n in (name, *site.aliases)}
    directory = context.web.sites_enabled
    files = {f"{directory}/{prefix}{site}.conf" for site in context.playbook.sites for prefix in ("", "00-")}
    for line in raw.splitlines():
        file, _, directive = line.partition(":")
        taken = ours & {word.rstrip(";") for word in directive.split()[1:]}
        if changing and taken and file not in files:
            name = sorted(taken)[0]
            message = f"{file} already serves {name}, and was not made by lampctl; it was left alone"
            return [Problem("foreign-vhost", message, "disable it, or give the site another name")]
    return []
