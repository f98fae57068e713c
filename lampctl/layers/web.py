"""Apache: event MPM, PHP through FPM, one vhost for each site."""

from __future__ import annotations

import re
from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.facts import Facts
from lampctl.layers import http, sizing
from lampctl.layers.base import Context, Desired, Preflight, Problem, Validator
from lampctl.layers.php import socket_of, upload_limit
from lampctl.layers.services import service_check
from lampctl.playbook import root_of
from lampctl.resources import File, Package, Service, Symlink
from lampctl.resources.shell import quote

# What the vhosts use beyond what Debian enables by itself, with what each of them needs.
MODULES = ("proxy.conf", "proxy.load", "proxy_fcgi.load", "headers.load", "rewrite.load")


def web(context: Context) -> Desired:
    if context.playbook.web is None:
        return Desired()
    names = context.platform.web
    sites = tuple(context.playbook.sites)
    service = Service(names.unit, "web", watch=(names.root,), test=names.test)
    values = {
        "workers": sizing.max_workers(context.playbook, context.facts),
        "options": context.playbook.web,
        "hostname": context.facts.hostname,
    }
    conf = f"{names.conf_available}/lampctl.conf"
    return Desired(
        resources=(
            Package(names.package, "web"),
            File(conf, "web", "apache/server.conf.j2", values),
            Symlink(f"{names.conf_enabled}/lampctl.conf", "web", "../conf-available/lampctl.conf"),
            *(Symlink(f"{names.mods_enabled}/{name}", "web", f"../mods-available/{name}") for name in MODULES),
            *(resource for site in sites for resource in _vhost(context, site)),
            service,
        ),
        checks=(
            _config_check(names.test),
            service_check("web.service", "the web server runs", service, needs="web.config"),
            *(_static_check(context, site) for site in sites),
        ),
        validators=(Validator("web", names.test, names.root),),
        preflights=(
            Preflight("web.port", _PORT.format(unit=quote(names.unit), package=quote(names.package)), _judge_port),
            Preflight("web.modules", f"ls {names.mods_enabled} 2>/dev/null || :", _judge_modules),
            Preflight("web.names", _NAMES.format(dir=names.sites_enabled), partial(_judge_names, context)),
        ),
    )


def _vhost(context: Context, site: str) -> tuple[File, Symlink]:
    names, options = context.platform.web, context.playbook.sites[site]
    values = {
        "site": site,
        "aliases": options.aliases,
        "root": root_of(site, options),
        "socket": socket_of(context, site),
        "body_limit": sizing.body_limit(upload_limit(context, site)),
        "allow_override": options.allow_override,
        "log_dir": names.log_dir,
    }
    # Apache's first vhost answers for unknown names: 00- sorts before Debian's 000-default.conf.
    link = f"00-{site}.conf" if options.default else f"{site}.conf"
    return (
        File(f"{names.sites_available}/{site}.conf", "web", "apache/vhost.conf.j2", values),
        Symlink(f"{names.sites_enabled}/{link}", "web", f"../sites-available/{site}.conf"),
    )


def _config_check(test: str) -> Check:
    return Check(
        "web.config",
        "web",
        Where.HOST,
        "the web server's config is valid",
        "Syntax OK",
        _judge_config,
        needs=("linux.ssh",),
        probe=HostProbe(f"{test} 2>&1; echo rc=$?"),
    )


def _judge_config(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    if seen.raw.rstrip().endswith("rc=0"):
        return passed("Syntax OK")
    if seen.raw.rstrip().endswith("rc=127"):
        return unknown("there is no web server that could read it")
    text = seen.raw.rsplit("rc=", 1)[0]
    return failed("the config on disk is not valid", text, "mend the line that it names, or run lampctl deploy")


def get(site: str, path: str) -> str:
    """Shell that prints the answer to one GET on the host itself. bash is there where curl is not."""
    request = f"GET {path} HTTP/1.0\\r\\nHost: {site}\\r\\nUser-Agent: lampctl\\r\\nConnection: close\\r\\n\\r\\n"
    inner = f'exec 3<>/dev/tcp/127.0.0.1/80 && printf "{request}" >&3 && head -c 65536 <&3'
    return f"export TOKEN; bash -c {quote(inner)} 2>&1"


def with_log(script: str, log: str) -> str:
    """The script, and what it made the server write into its log: older lines would mislead."""
    before = f"seen=$(cat {quote(log)} 2>/dev/null | wc -c)"
    return f"{before}; {script}; echo; echo ==log; tail -c +$((seen + 1)) {quote(log)} 2>/dev/null | tail -n 2"


def _static_check(context: Context, site: str) -> Check:
    log = f"{context.platform.web.log_dir}/{site}.error.log"
    return Check(
        f"web.static@{site}",
        "web",
        Where.HOST,
        "a static file is served",
        "200 with the file's text",
        _judge_static,
        needs=("web.service",),
        probe=HostProbe(with_log(get(site, "/lampctl-probe-$TOKEN.txt"), log)),
    )


def _judge_static(seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    raw, _, log = seen.raw.partition("==log\n")
    answer = http.parse(raw)
    if answer is None:
        return failed(
            "no HTTP answer on 127.0.0.1:80",
            raw.strip() or log,
            "systemctl status apache2; ss -ltnp 'sport = :80'",
        )
    if answer.status == 200 and answer.body.startswith("lampctl-static "):
        return passed("200 with the file's text")
    hint = {
        403: "the web server may not read the document root: look at the rights of each directory on the way",
        404: "another vhost answers for this name, or its root is another: apache2ctl -S",
    }.get(answer.status, "apache2ctl -S shows which vhost answers")
    return failed(f"{answer.status}, {len(answer.body)} bytes of something else", log or answer.body[:200], hint)


# Who listens on port 80, while the web server is not running: it would not get the port.
_PORT = r"""
systemctl is-active --quiet {unit} && exit 0
inodes=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" && $2 ~ /:0050$/ {{ print $10 }}')
for inode in $inodes; do
    fd=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n1)
    pid=${{fd#/proc/}}; pid=${{pid%%/*}}
    echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"
done
"""


def _judge_port(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    if not changing or not raw.split():
        return []
    pid, _, name = raw.splitlines()[0].partition(" ")
    if name == "apache2":  # its own, outside systemd: a start would fail as well
        hint = f"kill {pid}, so that systemd can start it"
    else:
        hint = f"stop it (systemctl disable --now {name or 'its unit'}), or deploy to another host"
    return [Problem("port-taken", f"port 80 is taken by {name or 'another program'} (pid {pid or 'unknown'})", hint)]


def _judge_modules(raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """PHP inside Apache forces the prefork MPM; to switch it off may serve somebody's PHP source as text."""
    inside = [name for name in raw.split() if re.fullmatch(r"php[0-9.]*\.load|mpm_(prefork|worker)\.load", name)]
    if not inside or not changing:
        return []
    modules = " ".join(name.removesuffix(".load") for name in inside)
    return [
        Problem(
            "other-mpm",
            f"Apache has {modules} enabled, which lampctl did not do and which the event MPM excludes",
            f"if no other site needs it: a2dismod {modules} && a2enmod mpm_event && systemctl restart apache2",
        )
    ]


_NAMES = r"grep -HiE '^[[:space:]]*Server(Name|Alias)[[:space:]]' {dir}/*.conf 2>/dev/null || :"


def _judge_names(context: Context, raw: str, _facts: Facts, changing: frozenset[str]) -> list[Problem]:
    """A vhost of somebody else that already answers for one of our names."""
    ours = {n for name, site in context.playbook.sites.items() for n in (name, *site.aliases)}
    directory = context.platform.web.sites_enabled
    files = {f"{directory}/{prefix}{site}.conf" for site in context.playbook.sites for prefix in ("", "00-")}
    for line in raw.splitlines():
        file, _, directive = line.partition(":")
        taken = ours & set(directive.split()[1:])
        if changing and taken and file not in files:
            name = sorted(taken)[0]
            message = f"{file} already serves {name}, and was not made by lampctl; it was left alone"
            return [Problem("foreign-vhost", message, "a2dissite it, or give the site another name")]
    return []
