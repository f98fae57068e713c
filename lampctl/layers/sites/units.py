"""Programs that lampctl runs for a site: sandboxed units as the site's user, one instance for each port."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from lampctl.answers import sections
from lampctl.checks import Check, Evidence, HostProbe, Judge, Status, Verdict, Where, failed, passed
from lampctl.facts import Facts
from lampctl.layers.base import Context, Desired, Preflight, Problem
from lampctl.layers.environment import environment
from lampctl.layers.ports import exposed, holders, holds, parse_holders, strangers
from lampctl.layers.services import service_check
from lampctl.layers.sites import upstreams
from lampctl.layers.sites.common import check, home
from lampctl.layers.tenant import tenant
from lampctl.playbook import home_of, unit_of, user_of
from lampctl.playbook.sites import SandboxedSite
from lampctl.resources import Action, File, Service
from lampctl.resources.rehearsed import Rehearsed
from lampctl.resources.shell import labelled


def unit_file(
    context: Context, name: str, options: SandboxedSite, unit: str, template: str, values: Mapping[str, object]
) -> File:
    """The unit that `template` renders."""
    given = {
        "site": name,
        "user": user_of(name),
        "home": home_of(name),
        "tenant": tenant(context, name, ports=options.ports),
        "options": options,
        "environment": environment(context, name).unit,
        **values,
    }
    return File(f"/etc/systemd/system/{unit}", "site", template, given)


def program(
    context: Context, name: str, options: SandboxedSite, template: str, values: Mapping[str, object]
) -> Desired:
    """The unit that `template` renders and its instances, restarted one after another, and their chain of checks."""
    file = unit_file(context, name, options, f"lampctl-{name}@.service", template, values)
    given = environment(context, name)
    spare = not any(re.search(rf"(?<!\d){port}(?!\d)", str(values["command"])) for port in options.ports)
    services = [
        Service(
            unit_of(name, port),
            "site",
            watch=(f"{home_of(name)}/current",),  # a link: it changes with the release
            on_change=Action.RESTART,
            leaves=port if len(options.ports) > 1 else 0,
            ready=holds(user_of(name), (port,)),
            units=(file.path, *given.watched),
            outage="" if len(options.ports) > 1 else "until it listens again, its site answers 502 or 503",
            site=name,
            # One whose command names the port would listen beside what serves.
            rehearsed=Rehearsed(str(port), program=True) if spare else None,
        )
        for port in options.ports
    ]
    return Desired(
        resources=(*home(context, name, ("*",)), *given.resources, file, *services),
        checks=_chain(context, name, options, services),
        preflights=(Preflight(f"site.port@{name}", _port_holders(name, options), partial(_judge_ports, name)),),
    )


def _chain(context: Context, name: str, options: SandboxedSite, services: Sequence[Service]) -> tuple[Check, ...]:
    group = upstreams.members(name, options.ports)
    hint = f"journalctl -u {services[0].unit} shows what the program printed"
    ports, user = " and ".join(map(str, options.ports)), user_of(name)
    asks = upstreams.probe_each(name, options.page, group)
    found = (labelled("held", strangers(user, options.ports)), labelled("exposed", exposed(user, options.ports)))
    script = "\n".join((*found, asks.script))
    return (
        service_check(f"site.service@{name}", "the program runs", *services,
                      ports=HostProbe(_port_holders(name, options))),
        check(name, "port", Where.HOST, "the program answers directly", f"an answer below 500 on port {ports}",
              partial(_judge_port, user, partial(upstreams.judge_each, group, hint)), (f"site.service@{name}",),
              replace(asks, script=script)),
        *upstreams.chain(context, name, options, group, (f"site.port@{name}",)),
    )  # fmt: skip


def _judge_port(user: str, answers: Judge, seen: Evidence) -> Verdict:
    """`seen.raw`: who else holds the site's ports, on which it is exposed, and the answers.

    Another program's answer proves nothing.
    """
    found = {} if seen.error else sections(seen.raw)
    held = [line for line in found.get("held", "").splitlines() if " is held by " in line]
    if held:
        hint = f"the site's programs run as {user}: end that process, then lampctl deploy"
        return failed(held[0], "\n".join(held), hint)
    verdict, ports = answers(seen), found.get("exposed", "").split()
    if not ports or verdict.status is not Status.PASS:
        return verdict
    return passed(
        f"{verdict.actual}; not only on 127.0.0.1: who reaches port {' or '.join(ports)} passes the web server by"
    )


def _port_holders(name: str, options: SandboxedSite) -> str:
    """Shell that prints who holds the site's ports while its own units do not run."""
    return "\n".join(f"( {holders(port, [unit_of(name, port)])} )" for port in options.ports)


def _judge_ports(site: str, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    found = parse_holders(raw, changing)
    if not changing or not found:
        return []
    message = f"port {found[0].port} of {site} is taken by {found[0]}"
    return [Problem("port-taken", message, f"{found[0].stop}, or give the site another `port`")]
