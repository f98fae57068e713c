"""Differences between a host and its playbook as results of a check: one for each site, or each layer.

They come last: a hop that fails is the culprit, and says if its layer or site differs. A service that is not as it
should be has a hop of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from lampctl.checks import Result, Status, Where
from lampctl.planning.plan import Plan
from lampctl.playbook.sites.names import key_of, user_of
from lampctl.resources import Change, Conflict

_SHOWN = 5  # differences in the evidence
_DEPLOY = "lampctl deploy brings the host to the playbook's state; if the host is right, change the playbook"


def compare(plan: Plan, results: Sequence[Result], sites: Collection[str]) -> tuple[Result, ...]:
    """The results of the hops, then those of what differs.

    Args:
        plan: What a deploy would change, and what would be in its way.
        results: Of the hops.
        sites: The names of the playbook's sites.
    """
    found: dict[str, list[Change | Conflict]] = {}
    down = any(result.id == "mysql.service" and result.status is Status.FAIL for result in results)
    differences: list[Change | Conflict] = [*plan.conflicts, *plan.changes]
    for one in differences:
        # A server that is down can't be asked for its databases.
        if not one.resource.startswith(("service:", "database") if down else "service:"):
            found.setdefault(_subject(one, sites), []).append(one)
    hops = (_with_drift(result, found) for result in results)
    return (*hops, *(_result(subject, differing) for subject, differing in found.items()))


def _subject(one: Change | Conflict, sites: Collection[str]) -> str:
    """The site that the resource is named after, or whose user or key it names; else its layer."""
    text = _plain(one.resource)
    named = [site for site in sites if re.search(rf"(?<![\w.-]){re.escape(site)}(?!\.?[\w-])", text)]
    keys = [site for site in sites if re.search(rf"\b({user_of(site)}|{key_of(site)})(?![\w-])", text)]
    return max(named or keys, key=len, default=one.layer)


def _plain(resource: str) -> str:
    """Its key without the endings of file and unit names: `/etc/…/a.test.conf` names a.test."""
    return re.sub(r"\.(conf|service|socket|slice|timer|json|cnf|ini|php)\b", " ", resource)


def _with_drift(result: Result, found: dict[str, list[Change | Conflict]]) -> Result:
    if result.status is not Status.FAIL:
        return result
    site = result.id.partition("@")[2]
    differing = found.get(site) or found.get(result.layer)
    if not differing:
        return result
    also = f"{_count(differing)} from the playbook, such as {differing[0].resource}: lampctl plan shows them"
    return replace(result, hint=f"{result.hint}; {also}" if result.hint else also)


def _result(subject: str, differing: list[Change | Conflict]) -> Result:
    shown = [
        f"{one.resource}: {one.message}" if isinstance(one, Conflict) else f"{one.action} {one.resource}"
        for one in differing[:_SHOWN]
    ]
    first = differing[0]
    if len(differing) > _SHOWN:
        shown.append(f"and {len(differing) - _SHOWN} more")
    return Result(
        f"state.{subject}",
        first.layer,
        Status.FAIL,
        Where.HOST,
        "as the playbook says",
        f"{_count(differing)}, lampctl plan shows them",
        "\n".join(shown),
        f"a deploy leaves it alone: {first.hint}" if isinstance(first, Conflict) else _DEPLOY,
        title="the host is as the playbook says",
        undoable=False,
    )


def _count(differing: Sequence[Change | Conflict]) -> str:
    return f"{len(differing)} difference{'s' if len(differing) > 1 else ''}"
