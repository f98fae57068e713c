"""What others serve from a web server of the host: it is taken over only with consent (`web: {adopt: true}`)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lampctl.facts import Facts, WebUse
from lampctl.layers import sizing
from lampctl.layers.base import Context, Preflight, Problem
from lampctl.layers.web.tier import Tier
from lampctl.platforms import WebNames

_CONSENT = "web: {adopt: true}"


def use_of(context: Context, names: WebNames) -> WebUse:
    return context.facts.web.get(names.package, WebUse())


def is_ours_alone(context: Context) -> bool:
    """Does no server of the playbook serve what others configured?"""
    return not any(use_of(context, names).files for names in (context.front, context.web) if names)


def takes_over(context: Context, names: WebNames) -> bool:
    """May the server's unit get lampctl's settings: nobody else uses it, it has them already, or there is consent?"""
    use = use_of(context, names)
    return use.taken or not use.files or context.playbook.adopts(context.playbook.web)


def notes(context: Context, tier: Tier) -> tuple[str, ...]:
    if takes_over(context, tier.names):
        return ()
    unit, files = tier.names.unit, _shown(use_of(context, tier.names).files)
    return (f"left alone: {unit} also serves {files}, not made by lampctl, so it gets no sandbox; {_CONSENT} adds it",)


def workers_preflight(context: Context, tier: Tier) -> Preflight:
    """Refuse to lower the number of requests that a server of others answers at once."""
    return Preflight(f"web.{tier.server}.workers", ":", partial(_judge_workers, context, tier))


def _judge_workers(context: Context, tier: Tier, _raw: str, facts: Facts, changing: frozenset[str]) -> list[Problem]:
    use, workers = use_of(context, tier.names), sizing.mpm(context.playbook, facts).workers
    if not use.files or use.taken or tier.server != "apache" or use.workers <= workers or not changing:
        return []
    message = f"{tier.names.title} also serves {_shown(use.files)}, and this deploy would lower MaxRequestWorkers"
    hint = f"web: {{max_workers: {use.workers}}} keeps what is in force; {_CONSENT} changes it"
    accepted = context.playbook.adopts(context.playbook.web)
    return [Problem("shared", f"{message} from {use.workers} to {workers}", hint, accepted=accepted)]


def rivals_preflight(context: Context, found: Sequence[Tier]) -> Preflight:
    """Refuse to stop a server that still serves others' sites."""
    return Preflight("web.rivals", ":", partial(_judge_rivals, context, found))


def _judge_rivals(
    context: Context, found: Sequence[Tier], _raw: str, facts: Facts, changing: frozenset[str]
) -> list[Problem]:
    coming = {tier.names.package for tier in found}
    for names in context.platform.web.values():
        use = facts.web.get(names.package, WebUse())
        outgoing = names.package not in coming and f"service:{names.unit}" in changing
        if outgoing and use.files:
            new = found[-1].names.title
            message = f"{_shown(use.files)} would no longer be served: {new} takes port 80 from {names.title}"
            hint = f"add it to the playbook as a site, or disable it; {_CONSENT} accepts it"
            accepted = context.playbook.adopts(context.playbook.web)
            return [Problem("foreign-vhost", message, hint, accepted=accepted)]
    return []


def _shown(files: Sequence[str]) -> str:
    return files[0] + (f" and {len(files) - 1} more" if len(files) > 1 else "")
