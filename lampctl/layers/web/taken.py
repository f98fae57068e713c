"""What is taken on the host already: the ports, or a name of one of the playbook's sites."""

from __future__ import annotations

from functools import partial

from lampctl.checks import HostProbe
from lampctl.facts import Facts
from lampctl.layers.base import Context, Preflight, Problem
from lampctl.layers.ports import holders, parse_holders
from lampctl.layers.vhost import names_of
from lampctl.layers.web.tier import Tier


def ports_preflight(context: Context) -> Preflight:
    """The platform's web servers give up their ports to each other; any other program keeps them."""
    return Preflight("web.port", _port_probe(context), _judge_port)


def names_preflight(context: Context, tier: Tier, directive: str) -> Preflight:
    """Refuse a site's name that another vhost has. `directive`: regular expression of the one with a vhost's names."""
    return Preflight(f"web.{tier.server}.names", _names_probe(tier, directive), partial(_judge_names, context, tier))


def holders_probe(context: Context, tier: Tier) -> HostProbe | None:
    """Who has the ports that visitors connect to, if no web server runs; None for a server behind another one."""
    return None if tier.behind else HostProbe(_port_probe(context))


def _port_probe(context: Context) -> str:
    """It prints nothing while one of the platform's web servers runs: that has the port, and other checks cover it."""
    units = [names.unit for names in context.platform.web.values()]
    ports = (80, 443) if any(site.https for site in context.playbook.sites.values()) else (80,)
    return "\n".join(f"({holders(number, units)})" for number in ports)


def _judge_port(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    found = parse_holders(raw, changing)
    if not changing or not found:
        return []
    holder = found[0]
    hint = f"{holder.stop}, and disable what starts it; or deploy to another host"
    if holder.name in ("apache2", "nginx"):  # started outside systemd: a start of its unit would fail as well
        hint = f"kill {holder.pid}, so that systemd can start it"
    return [Problem("port-taken", f"port {holder.port} is taken by {holder}", hint)]


def _names_probe(tier: Tier, directive: str) -> str:
    directory = tier.names.sites_enabled
    return f"grep -HiE '^[[:space:]]*{directive}[[:space:]]' {directory}/*.conf 2>/dev/null || :"


def _judge_names(context: Context, tier: Tier, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """Another vhost that already answers for one of the playbook's names."""
    ours = {name for site in context.playbook.sites for name in names_of(context, site)}
    directory = tier.names.sites_enabled
    files = {f"{directory}/{prefix}{site}.conf" for site in context.playbook.names for prefix in ("", "00-")}
    for line in raw.splitlines():
        file, _, directive = line.partition(":")
        taken = ours & {word.rstrip(";") for word in directive.split()[1:]}
        if changing and taken and file not in files:
            name = sorted(taken)[0]
            message = f"{file} already serves {name}, and was not made by lampctl; it was left alone"
            return [Problem("foreign-vhost", message, "disable it, or give the site another name")]
    return []
