"""Programs below one folder of the document root, started for each request as the site's own user; and files.

Apache starts them by mod_cgid and its suexec; NGINX can't start programs, and asks a fcgiwrap of the site's own.
"""

from __future__ import annotations

from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import http, sizing
from lampctl.layers.base import Context, Desired, ProbeFile
from lampctl.layers.services import judge
from lampctl.layers.sites.common import check, home, outside, through
from lampctl.layers.vhost import Vhost
from lampctl.playbook import root_of, socket_name, user_of
from lampctl.playbook.sites import CgiSite
from lampctl.resources import Action, Directory, File, Package, Resource, Service
from lampctl.resources.shell import quote

_PROBE = "lampctl-probe-{token}.cgi"
_HELD = 3600  # seconds for which browsers may keep the site's files


def vhost(context: Context, name: str, options: CgiSite) -> Vhost:  # noqa: ARG001
    user = user_of(name)
    values = {
        "fallback": "",
        "cache": _HELD,
        "prefix": options.prefix,
        "timeout": options.timeout,
        "user": user,
        "socket": _socket(name),
    }
    return Vhost("cgi", sizing.body_limit(options.body_limit), root_of(name, options), values)


def parts(context: Context, name: str, options: CgiSite) -> Desired:
    root, user = root_of(name, options), user_of(name)
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
        probe_files=(ProbeFile(programs, ".cgi", "checks/probe.cgi", {}, 0o750, user),),
    )


def _socket(name: str) -> str:
    return f"/run/{socket_name('cgi', name)}"


def _runner(context: Context, name: str) -> tuple[tuple[Resource, ...], Check]:
    """What starts the programs, and the check that it is there."""
    needs = (f"web.static@{name}",)
    if context.web == context.platform.web["apache"]:
        probe = HostProbe("apache2ctl -M 2>&1 | grep -E 'cgid?_module|suexec_module'; apache2ctl -V | grep SUEXEC; "
                          "stat -L -c 'suexec %U %a' /usr/lib/apache2/suexec")  # fmt: skip
        return (), check(name, "runner", Where.HOST, "Apache can start programs as other users",
                         "mod_cgid, mod_suexec and a setuid suexec", _judge_suexec, needs, probe)  # fmt: skip
    unit = f"lampctl-cgi-{name}"
    values = {"site": name, "user": user_of(name), "web_user": context.web.user, "socket": _socket(name),
              "programs": sizing.cgi_programs(context.facts)}  # fmt: skip
    files = tuple(
        File(f"/etc/systemd/system/{unit}.{kind}", "site", f"cgi/{kind}.j2", values) for kind in ("socket", "service")
    )
    service = Service(
        f"{unit}.socket", "site", on_change=Action.RESTART, sockets=(_socket(name),), units=tuple(f.path for f in files)
    )
    runner = check(name, "runner", Where.HOST, "the site's fcgiwrap can be asked",
                   f"{unit}.socket active, enabled, runs the config on disk",
                   lambda seen: judge(seen, service), needs, None)  # fmt: skip
    return (*files, service), runner


def _judge_suexec(seen: Evidence) -> Verdict:
    """`seen.raw`: Apache's modules, and owner and mode of suexec."""
    if seen.error:
        return unknown("could not be tried", seen.error)
    missing = [name for name in ("cgid_module", "suexec_module") if name not in seen.raw]
    if missing:
        return failed(f"Apache runs without {', '.join(missing)}", seen.raw, "lampctl deploy enables it")
    words = seen.raw.rsplit("suexec ", 1)[-1].split()
    if len(words) < 2 or words[0] != "root" or not words[1].startswith("4"):
        hint = "apt-get install --reinstall apache2-suexec-pristine"
        return failed("suexec is not there, or may not change users", seen.raw, hint)
    return passed("mod_cgid, mod_suexec and a setuid suexec")


def _chain(context: Context, name: str, options: CgiSite, programs: str) -> tuple[Check, ...]:
    user, path = user_of(name), options.prefix + _PROBE
    # Apache's suexec keeps a log of its own.
    log = "tail -n 1 /var/log/apache2/suexec.log 2>/dev/null" if context.web.title == "Apache" else ""
    find = f"[ -d {quote(programs)} ] || echo missing; find -L {quote(programs)} -type f ! -perm -100 -print 2>&1"
    return (
        check(name, "runnable", Where.HOST, "every program has its run bit", f"every file below {programs} can be run",
              partial(_judge_runnable, programs), (f"site.runner@{name}",), HostProbe(find)),
        through(context, name, "program", "a program runs as the site's user", f"200, its output, as {user}",
                partial(_judge_program, user), (f"site.runnable@{name}",), f"{path}?hop=web", log),
        outside(name, f"{path}?hop=web", f"200, the program's output, as {user}", partial(_recognise, user),
                (f"site.program@{name}",)),
    )  # fmt: skip


def _judge_runnable(programs: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    lines = seen.raw.split("\n") if seen.raw.strip() else []
    if not lines:
        return passed("all of them")
    if lines[0] == "missing":
        return failed(f"there is no {programs}", hint="lampctl deploy makes it")
    more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
    return failed(f"{lines[0]} can't be run{more}", "\n".join(lines[:5]), f"chmod +x {lines[0]}")


def _recognise(user: str, answer: http.Answer) -> str | None:
    said = f"lampctl-program user={user} query=hop=web"
    return f"200, run as {user}" if answer.status == 200 and answer.body.startswith(said) else None


def _judge_program(user: str, answer: http.Answer, log: str) -> Verdict:
    said = _recognise(user, answer)
    if said:
        return passed(said)
    if "#!/bin/sh" in answer.body:
        return failed(f"{answer.status}: the program's source is served as text", answer.body[:80],
                      "lampctl plan shows what of the vhost differs from the template")  # fmt: skip
    if answer.status == 200:
        return failed(f"ran, but not as {user}", answer.body[:200], "lampctl deploy sets the user again")
    hint = "the evidence is the error log's last words; a program and its folder have to belong to the site's user"
    return failed(f"{answer.status}, not the program's output", log or answer.body[:200], hint)
