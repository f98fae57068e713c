"""How a web server is proved: its config is valid, and it serves a file."""

from __future__ import annotations

from functools import partial

from lampctl.checks import Check, Evidence, HostProbe, Verdict, Where, failed, passed, unknown
from lampctl.layers import http
from lampctl.layers.base import Context
from lampctl.layers.sites import vhost_of
from lampctl.layers.web import front
from lampctl.layers.web.tier import Tier


def config(tier: Tier, id: str) -> Check:
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


def static_file(context: Context, tier: Tier, site: str) -> Check:
    """Where there are two servers: the inner one by itself, then the whole way."""
    path = f"{vhost_of(context, site).probe_url}lampctl-probe-{{token}}.txt"
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
        probe=http.local(context, site, path, tier.behind or 80, front.SAY if tier.behind else ""),
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
