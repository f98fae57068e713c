"""The checks of a web server: its config is valid, and it serves a file."""

from __future__ import annotations

from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.sites import vhost_of
from lampctl.layers.web import front
from lampctl.layers.web.others import SHOWS, judge_others, pattern, probe_with_others
from lampctl.layers.web.tier import Tier
from lampctl.playbook.sites import answered
from lampctl.resources.shell import quote


def config(tier: Tier, id: str) -> Check:
    return Check(
        id,
        "web",
        Where.HOST,
        f"{tier.names.title}'s config is valid" if tier.front else "the web server's config is valid",
        "the server's own test passes",
        partial(_judge_config, tier.names.test),
        needs=("linux.ssh",),
        probe=HostProbe(f"{tier.names.test} 2>&1; echo rc=$?"),
    )


def _judge_config(test: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    if seen.raw.rstrip().endswith("rc=0"):
        return passed("valid")
    if seen.raw.rstrip().endswith("rc=127"):
        return unknown("the web server is not installed")
    text = seen.raw.rsplit("rc=", 1)[0]
    hint = f"{test} names the file: fix it or move it away; lampctl deploy restores lampctl's own files"
    return failed("the config on disk is not valid", text, hint)


def static_file(context: Context, tier: Tier, site: str) -> Check:
    """A file served by this server; with two servers, by the inner one alone, then through both."""
    path = f"{vhost_of(context, site).probe_url}lampctl-probe-{{token}}.txt"
    where = f"127.0.0.1:{tier.behind}" if tier.behind else http.local_address(context, site)
    unit, names = tier.names.unit.removesuffix(".service"), answered(site, context.playbook.sites[site])
    call = http.local_call(context, site, path, tier.behind or 80, front.PRINT_HEADER if tier.behind else "")
    hint = f"systemctl status {unit}; ss -ltnp 'sport = :{where.rpartition(':')[2]}'"
    return Check(
        f"web.{'behind' if tier.behind else 'static'}@{site}",
        "web",
        Where.HOST,
        f"{tier.names.title} serves a file to the server in front of it" if tier.behind else "a static file is served",
        "200 with the file's text",
        partial(_judge_static, tier, where, vhost_of(context, site).probe_root, hint),
        needs=("web.front", f"web.behind@{site}") if tier.front else ("web.service",),
        probe=probe_with_others(tier, pattern(names), call),
    )


def _judge_static(tier: Tier, where: str, root: str, hint: str, seen: Evidence) -> Verdict:
    if seen.error:
        return unknown("could not be tried", seen.error)
    answer, log = http.parse_answer(seen.raw)
    if answer is None:
        return failed(f"no HTTP answer on {where}", log, hint)
    if answer.status == 200 and answer.body.startswith("lampctl-static "):
        return passed("200 with the file's text")
    actual, evidence = f"{answer.status}, {len(answer.body)} bytes of something else", log or answer.body[:200]
    unreadable = "(13: " in log or "(13)Permission denied" in log  # EACCES: NGINX answers 404
    if unreadable:
        closed = f"the web server cannot read the document root: namei -l {quote(root)} shows the permissions of each"
        return failed(actual, evidence, f"{closed} directory in its path; lampctl deploy repairs the site's own")
    shows = SHOWS[tier.names.unit.removesuffix(".service")]
    hints = {
        502: "NGINX cannot reach Apache: ss -ltnp shows where Apache listens; lampctl deploy restores the files",
        404: f"another vhost answers for this name, or it has another root: {shows}; lampctl deploy restores its vhost",
    }
    other = f"{shows} shows which vhost answers; lampctl deploy restores the site's"
    return judge_others(tier, actual, evidence, seen, hints.get(answer.status, other))
