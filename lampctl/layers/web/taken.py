"""What somebody else has on the host already: the ports, or a name of one of our sites."""

from __future__ import annotations

from functools import partial

from lampctl.facts import Facts
from lampctl.layers.base import Context, Preflight, Problem
from lampctl.layers.ports import holders
from lampctl.layers.web.tier import Tier


def of_ports(context: Context) -> Preflight:
    """The servers of the table leave their ports to each other; anybody else keeps them."""
    return Preflight("web.port", _port_probe(context), _judge_port)


def of_names(context: Context, tier: Tier, directive: str) -> Preflight:
    """`directive`: extended regular expression of the one that says which names a vhost answers for."""
    return Preflight(f"web.{tier.server}.names", _names_probe(tier, directive), partial(_judge_names, context, tier))


def _port_probe(context: Context) -> str:
    """Nobody asks while one of the table's servers runs: it has the port, and whose it is shows elsewhere."""
    units = [names.unit for names in context.platform.web.values()]
    ports = (80, 443) if any(site.https for site in context.playbook.sites.values()) else (80,)
    return "\n".join(f"({holders(number, units)})" for number in ports)


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


def _names_probe(tier: Tier, directive: str) -> str:
    directory = tier.names.sites_enabled
    return f"grep -HiE '^[[:space:]]*{directive}[[:space:]]' {directory}/*.conf 2>/dev/null || :"


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
