"""The verdict on what was applied: one batch that ends a generation, and completes the journal of its run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lampctl.checks import Check, Result, Status
from lampctl.engine.script import listed
from lampctl.errors import Locked, locked
from lampctl.journal.runs import MOST, Ended, Verdict, encode
from lampctl.layers import Desired
from lampctl.outcome import Outcome
from lampctl.planning.switching import switches
from lampctl.resources import File, Rename, select
from lampctl.resources.release import HOLDS
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Transport, ask
from lampctl.ssh.limits import CHANGE_LIMITS


@dataclass(frozen=True)
class Judgement:
    """What is said of a generation.

    Attributes:
        generation: The newest one of the host; if there is a newer one by now, nothing is done.
        verdict: PROVED, UNDONE or KEPT; the others only complete the journal.
        which: The generation to undo.
        run: The id of the run that applied it; empty if it is not in the journal.
        passed: Check id -> question, of the checks that are known to have passed, with PROVED.
        answered: Sites whose pages passed, with PROVED: what they serve is proved.
        switches: Site -> what `planning.switching` makes for it.
    """

    generation: str
    verdict: Verdict
    which: str = ""
    run: str = ""
    passed: Mapping[str, str] | None = None
    answered: Sequence[str] = ()
    switches: Mapping[str, bytes] = field(default_factory=dict)


def settle(transport: Transport, judgement: Judgement, outcome: Outcome) -> bool | None:
    """Tell the host. Returns whether the previous files are loaded again, None if nothing was undone.

    Raises:
        Locked: Another run changed the host meanwhile, or the host has rolled back by itself.
    """
    lines = ask(transport, _batch(judgement, outcome))
    if owner := next((line for line in lines if line.startswith("@@locked ")), ""):
        raise locked(transport.host, owner.removeprefix("@@locked "))
    if "@@overtaken" in lines:
        raise Locked(
            f"{transport.host}: another run changed the host while this one was being checked, or the host rolled back "
            "because the checks took too long",
            "rerun it",
            kind="overtaken",
        )
    return "@@undone 0" in lines if any(line.startswith("@@undone ") for line in lines) else None


def _batch(judgement: Judgement, outcome: Outcome) -> Batch:
    passed = judgement.passed or {}
    main = script(
        "enter",
        "release/earlier",
        "release/prune",
        "release/prove",
        "maintenance/prune",
        "settle",
        generation=judgement.generation,
        verdict=str(judgement.verdict),
        which=judgement.which or judgement.generation,
        id=judgement.run,
        most=MOST,
        holds=HOLDS,
    )
    files = {
        "main": main.encode(),
        "passed": listed(f"{id} {question}" for id, question in passed.items()),
        "answered": listed(judgement.answered),
        **{f"switches/{site}": data for site, data in judgement.switches.items()},
        "ended": encode(summary(judgement.verdict, outcome)),
        "outcome": (json.dumps(outcome.as_dict(), ensure_ascii=False) + "\n").encode(),
    }
    return Batch(files, CHANGE_LIMITS)


def wait_for_lock(transport: Transport, seconds: float) -> None:
    """Return when no run has the host's lock, or after `seconds`."""
    main = script("lock", wait=max(1, round(seconds)))
    ask(transport, Batch({"main": main.encode()}, CHANGE_LIMITS))


def summary(verdict: Verdict, outcome: Outcome) -> Ended:
    failed = tuple(result.id for result in outcome.results if result.status is Status.FAIL)
    error = outcome.error.message if outcome.error else ""
    return Ended(verdict, round(time.time(), 3), len(outcome.changes), len(outcome.results), failed, error)


def proved(
    generation: str,
    desired: Desired,
    results: Sequence[Result],
    passed: Mapping[str, str],
    render: Callable[[File], str],
) -> Judgement:
    """The judgement of a generation whose checks pass."""
    sites = answered(desired.checks, results)
    made = switches(desired, sites, render)
    return Judgement(generation, Verdict.PROVED, passed=passed, answered=sites, switches=made)


def answered(checks: Sequence[Check], results: Sequence[Result]) -> list[str]:
    """The sites of which every page passed: one that was not asked this time does not prove what is served."""
    passed = [result.id for result in results if result.status is Status.PASS]
    left = {check.beside for check in checks if check.id not in passed}
    return [id.partition("@")[2] for id in passed if id.startswith("site.answer@") and id not in left]


def known_to_pass(checks: Sequence[Check], results: Sequence[Result], before: Mapping[str, str]) -> dict[str, str]:
    """Check id -> question, of all checks that passed when they were last asked: other playbooks' as well.

    Args:
        before: The same, when the host was last proved.
    """
    asked = {check.id: check.question for check in checks}
    status = {result.id: result.status for result in results}
    # What could not be tried this time, such as from behind a jump host, passed the last time.
    kept = {id: question for id, question in before.items() if status.get(id) is not Status.FAIL}
    return {**kept, **{id: question for id, question in asked.items() if status.get(id) is Status.PASS}}


def under_new_names(desired: Desired, passed: Mapping[str, str]) -> dict[str, str]:
    """Check id -> question; what passed of a site's former name is expected of its new name, as another question."""
    renamed = {item.former: item.site for item in select(desired.resources, Rename)}
    pairs = ((id.partition("@"), question) for id, question in passed.items())
    moved = {f"{check}@{renamed[site]}": "" for (check, _, site), _ in pairs if site in renamed}
    return {**moved, **passed}
