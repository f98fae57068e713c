"""Differences between a host and its playbook as results of a check: one for each site, or each layer.

They come last: a hop that fails is the culprit, and says if its layer or site differs. A service that is not as it
should be has a hop of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from lampctl.checks import Result, Status, Where
from lampctl.resources import Change

_SHOWN = 5  # differences in the evidence


def compare(changes: Sequence[Change], results: Sequence[Result], sites: Collection[str]) -> tuple[Result, ...]:
    """The results of the hops, then those of what differs.

    Args:
        changes: What a deploy would change.
        results: Of the hops.
        sites: The names of the playbook's sites.
    """
    found: dict[str, list[Change]] = {}
    down = any(result.id == "mysql.service" and result.status is Status.FAIL for result in results)
    for change in changes:
        # A server that is down can't be asked for its databases.
        if not change.resource.startswith(("service:", "database") if down else "service:"):
            found.setdefault(_subject(change, sites), []).append(change)
    hops = (_with_drift(result, found) for result in results)
    return (*hops, *(_result(subject, differing) for subject, differing in found.items()))


def _subject(change: Change, sites: Collection[str]) -> str:
    """The site that the resource is named after, else its layer."""
    named = [site for site in sites if re.search(rf"(?<![\w.-]){re.escape(site)}(?!\.?[\w-])", _plain(change.resource))]
    return max(named, key=len, default=change.layer)


def _plain(resource: str) -> str:
    """Its key without the endings of file and unit names: `/etc/…/a.test.conf` names a.test."""
    return re.sub(r"\.(conf|service|socket|slice|timer|json|cnf|ini)\b", " ", resource)


def _with_drift(result: Result, found: dict[str, list[Change]]) -> Result:
    if result.status is not Status.FAIL:
        return result
    site = result.id.partition("@")[2]
    differing = found.get(site) or found.get(result.layer)
    if not differing:
        return result
    also = f"{_count(differing)} from the playbook, such as {differing[0].resource}: lampctl plan shows them"
    return replace(result, hint=f"{result.hint}; {also}" if result.hint else also)


def _result(subject: str, differing: list[Change]) -> Result:
    shown = [f"{change.action} {change.resource}" for change in differing[:_SHOWN]]
    if len(differing) > _SHOWN:
        shown.append(f"and {len(differing) - _SHOWN} more")
    return Result(
        f"state.{subject}",
        differing[0].layer,
        Status.FAIL,
        Where.HOST,
        "as the playbook says",
        f"{_count(differing)}, lampctl plan shows them",
        "\n".join(shown),
        "lampctl deploy brings the host to the playbook's state; if the host is right, change the playbook",
        title="the host is as the playbook says",
        undoable=False,
    )


def _count(differing: Sequence[Change]) -> str:
    return f"{len(differing)} difference{'s' if len(differing) > 1 else ''}"
