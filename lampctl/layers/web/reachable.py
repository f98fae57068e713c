"""The checks of the web server as a whole: its modules, the addresses that it listens on, and the bare address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import http, logins, maintenance
from lampctl.layers.base import Context
from lampctl.layers.sites import vhost_of
from lampctl.layers.vhost import https_of, redirects
from lampctl.layers.web.others import judge_others, others, probe_with_others
from lampctl.layers.web.tier import Tier
from lampctl.resources.shell import quote, script


def modules(tier: Tier, wanted: Sequence[str], conflicts: Sequence[str]) -> Check:
    """Apache's modules. Another MPM serves fewer connections, and PHP inside of Apache is not the site's user.

    Args:
        wanted, conflicts: Files of mods-enabled, that must exist and must not.
    """
    return Check(
        "web.modules",
        "web",
        Where.HOST,
        "Apache's modules are the ones that the sites need",
        "the event MPM, and every module of the vhosts",
        partial(_judge_modules, wanted, conflicts),
        needs=("linux.ssh",),
        probe=HostProbe(f"ls {quote(tier.names.root)}/mods-enabled"),
        about=(*wanted, *conflicts),
    )


def _judge_modules(wanted: Sequence[str], conflicts: Sequence[str], seen: Evidence) -> Verdict:
    found = frozenset(seen.raw.split())
    if seen.error or not any(name.endswith(".load") for name in found):
        return unknown("could not be tried", seen.error or seen.raw)
    hint = "lampctl deploy restores the modules, and restarts Apache if the MPM changes"
    if wrong := _names(name for name in conflicts if name in found):
        return failed(f"{wrong} enabled, which conflicts with the event MPM", hint=hint)
    if lacking := _names(name for name in wanted if name not in found):
        return failed(f"{lacking} not enabled", hint=hint)
    return passed("the event MPM, and every module of the vhosts")


def _names(files: Iterable[str]) -> str:
    """The modules of these files, with a verb."""
    names = list(dict.fromkeys(file.rpartition(".")[0] for file in files))
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}" if names else ""


def listens(context: Context, tier: Tier, service: str) -> Check:
    """The ports are open on each address of the host, in both families."""
    ports = (80, 443) if any(https_of(context, site) for site in tier.vhosts) else (80,)
    return Check(
        "web.listen",
        "web",
        Where.HOST,
        f"{tier.names.title} listens on every address",
        f"port {' and '.join(map(str, ports))} on IPv4, and on IPv6 if the host has it",
        partial(_judge_listen, ports, tier.names.unit),
        needs=(service,),
        probe=HostProbe(script("port/listening", "web/listen", ports=map(str, ports))),
    )


def _judge_listen(ports: Sequence[int], unit: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    lines = frozenset(seen.raw.splitlines())
    families = "IPv4 and IPv6" if "6 wanted" in lines else "IPv4"
    for port in ports:
        hint = (
            f"ss -ltn 'sport = :{port}' shows where it listens; lampctl deploy restores the files that say where; "
            f"if it changes none: systemctl restart {unit}"
        )
        if not lines & {f"{port} 4", f"{port} 6"}:
            return failed(f"port {port} is open on some addresses only", hint=hint)
        if "6 wanted" in lines and f"{port} 6" not in lines:
            return failed(f"port {port} is open on IPv4 only, and the host has IPv6 addresses", hint=hint)
    return passed(f"port {' and '.join(map(str, ports))} on {families}")


def defaults(context: Context, tier: Tier) -> tuple[Check, ...]:
    """The check of the default site, if there is one."""
    return tuple(_default(context, tier, site) for site in tier.vhosts if context.playbook.sites[site].default)


def _default(context: Context, tier: Tier, site: str) -> Check:
    """The site that answers for unknown names, requested by an address."""
    path = f"{vhost_of(context, site).probe_url}lampctl-probe-{{token}}.txt"
    login = logins.header(context, site)
    call = http.request_with_log(http.error_logs(context, site), "127.0.0.1", path, login)
    return Check(
        f"web.default@{site}",
        "web",
        Where.HOST,
        "it is the default site",
        f"requests for other names get {site}",
        partial(_judge_default, tier, site, redirects(context, site)),
        needs=(f"web.static@{site}",),
        probe=probe_with_others(tier, ".", call),
    )


def _judge_default(tier: Tier, site: str, redirected: bool, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    answer, log = http.parse_answer(seen.raw)
    if answer and not redirected and answer.status == 200 and answer.body.startswith("lampctl-static "):
        return passed(f"a request for the bare address gets {site}")
    if answer and redirected and answer.headers.get("location", "").startswith(f"https://{site}/"):
        return passed(f"a request for the bare address is redirected to {site}")
    if answer and maintenance.answers(answer):
        return passed(f"a request for the bare address gets {site}, or another one, which is in maintenance")
    if answer and not others(seen):
        return passed("a request for the bare address gets a site of another playbook")
    what = f"{answer.status} from another vhost" if answer else "no HTTP answer"
    return judge_others(tier, f"the bare address gets {what}", log or (answer.body[:200] if answer else ""), seen)
