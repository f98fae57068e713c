"""Programs below one folder of the document root, started for each request as the site's own user; and files.

Both web servers pass requests to the site's own fcgiwrap, which starts the programs in the site's sandbox.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import denied, http, sizing
from lampctl.layers.base import Context, Desired, ProbeFile
from lampctl.layers.environment import environment
from lampctl.layers.services import judge
from lampctl.layers.sites.base import SiteType
from lampctl.layers.sites.common import check, home, outside, through
from lampctl.layers.sites.page import page_checks
from lampctl.layers.tenant import tenant
from lampctl.layers.vhost import FASTCGI, Vhost
from lampctl.playbook import root_of, socket_name, user_of
from lampctl.playbook.sites import CgiSite
from lampctl.playbook.sites.cgi import STARTER
from lampctl.resources import Action, Directory, File, Package, Resource, Service
from lampctl.resources.rehearsed import Rehearsed
from lampctl.resources.service import SERVICES
from lampctl.resources.shell import script

_PROBE = "lampctl-probe-{token}.cgi"
_APACHE = replace(
    FASTCGI,
    modules=("expires.load", *FASTCGI.modules),
    files=(*FASTCGI.files, ("lampctl-cgi.lua", "apache/cgi.lua.j2")),
)
_CACHE = 3600  # seconds that browsers cache the site's files


def vhost(context: Context, name: str, options: CgiSite) -> Vhost:  # noqa: ARG001
    values = {
        "fallback": "",
        "cache": _CACHE,
        "prefix": options.prefix,
        "programs": f"^{re.escape(root_of(name, options) + options.prefix)}",
        "timeout": options.timeout,
        "socket": _socket(name),
    }
    limit = sizing.body_limit(options.body_limit)
    return Vhost("cgi", limit, root_of(name, options), values, apache=_APACHE, denied=denied.LEFTOVERS)


def parts(context: Context, name: str, options: CgiSite) -> Desired:
    root = root_of(name, options)
    programs = root + options.prefix.rstrip("/")
    page = File(f"{root}/index.html", "site", "site/index.html.j2", {"site": name}, seed=True)
    own = (page, Directory(programs, "site", 0o755))
    needed, runner = _runner(context, name)
    return Desired(
        resources=(
            *home(context, name, (f"{options.prefix.strip('/')}/*",)),
            *(() if options.source else own),
            Package(context.web.cgi, "site"),
            *needed,
        ),
        checks=(runner, *_chain(context, name, options, programs)),
        probe_files=(ProbeFile(programs, ".cgi", "checks/probe.cgi", {}, 0o750, user_of(name)),),
    )


def _socket(name: str) -> str:
    return f"/run/{socket_name('cgi', name)}"


def _runner(context: Context, name: str) -> tuple[tuple[Resource, ...], Check]:
    """The units that start the programs, and their check."""
    needs = (f"web.static@{name}",)
    unit, given = f"lampctl-cgi-{name}", environment(context, name)
    values = {"site": name, "environment": given.unit, "web_user": context.web.user, "socket": _socket(name),
              "tenant": tenant(context, name, writes=True), "programs": sizing.cgi_programs(context.facts)}  # fmt: skip
    files = tuple(
        File(f"/etc/systemd/system/{unit}.{kind}", "site", f"cgi/{kind}.j2", values) for kind in ("socket", "service")
    )
    service = Service(
        f"{unit}.socket",
        "site",
        on_change=Action.RESTART,
        sockets=(_socket(name),),
        rights=f"600 {context.web.user}:",
        units=(*(f.path for f in files), *given.watched),
        rehearsed=Rehearsed(_socket(name)),
        site=name,
    )
    runner = check(name, "runner", Where.HOST, "the site's fcgiwrap accepts requests",
                   f"{unit}.socket active, enabled, runs the config on disk",
                   partial(_judge_runner, service), needs, None)  # fmt: skip
    return (*given.resources, *files, service), runner


def _judge_runner(service: Service, seen: Evidence) -> Verdict:
    state = seen.states.get(SERVICES, service.key)
    if state and state.runs and state.sockets:
        return failed("; ".join(state.sockets), hint=f"lampctl deploy, or: systemctl restart {service.unit}")
    return judge(seen, service)


def _chain(context: Context, name: str, options: CgiSite, programs: str) -> tuple[Check, ...]:
    user, path = user_of(name), options.prefix + _PROBE
    find = script("cgi/not-runnable", account=user, programs=programs)
    return (
        check(name, "runnable", Where.HOST, "every program is executable", f"every file below {programs} is executable",
              partial(_judge_runnable, programs), (f"site.runner@{name}",), HostProbe(find)),
        through(context, name, "program", "a program runs as the site's user", f"200, its output, as {user}",
                partial(_judge_program, user), (f"site.runnable@{name}",), f"{path}?hop=web"),
        *page_checks(context, name, (f"web.static@{name}",), by_files=True),
        outside(name, f"{path}?hop=web", f"200, the program's output, as {user}", partial(_recognise, user),
                (f"site.program@{name}",)),
    )  # fmt: skip


def _judge_runnable(programs: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    lines = seen.raw.split("\n") if seen.raw.strip() else []
    if not lines:
        return passed("all are executable")
    if lines[0] == "missing":
        return failed(f"{programs} does not exist", hint="lampctl deploy creates it")
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    return failed(f"{lines[0]} is not executable{more}", "\n".join(lines[:5]), f"chmod +x {lines[0]}")


def _recognise(user: str, answer: http.Answer) -> str | None:
    expected = f"lampctl-program user={user} query=hop=web"
    return f"200, run as {user}" if answer.status == 200 and answer.body.startswith(expected) else None


def _judge_program(user: str, answer: http.Answer, log: str) -> Verdict:
    recognised = _recognise(user, answer)
    if recognised:
        return passed(recognised)
    if "#!/bin/sh" in answer.body:
        return failed(f"{answer.status}: the program's source is served as text", answer.body[:80],
                      "lampctl plan shows how the vhost differs from the template")  # fmt: skip
    if answer.status == 200:
        return failed(f"ran, but not as {user}", answer.body[:200], "lampctl deploy sets the user again")
    hint = "the evidence is the error log's last lines; the site's user must be able to read and run the program"
    return failed(f"{answer.status}, not the program's output", log or answer.body[:200], hint)


CGI = SiteType(CgiSite, vhost, parts, STARTER)
