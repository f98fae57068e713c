"""Going back to the state before a run, as a run of its own: what is undone, and how that is proved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from lampctl.engine.work import Work
from lampctl.errors import Refused, UsageError
from lampctl.journal import runs
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.planning import Plan, undo
from lampctl.planning.identity import identify
from lampctl.planning.undo import Kept, Way
from lampctl.ssh import Batch, Transport, ask
from lampctl.ssh.limits import CHANGE_LIMITS


def way_back(
    work: Work, transport: Transport, desired: Desired, seen: Observation
) -> tuple[Desired, Plan, Observation]:
    """Find what takes the host back.

    Returns:
        What proves it: the checks that passed then; the plan; and the observation with what passed then.

    Raises:
        UsageError: No run of this playbook is meant, or several, or it can't be undone any more.
        Refused: A release that was served then is deleted, or there is nothing to change.
    """
    loaded = work.share.loaded
    record = identify(loaded.name, loaded.id, loaded.playbook.names, seen.owners).name
    kept = undo.parse_listing(asked(transport, undo.listing()))
    chosen = choose(work.host, kept, record, work.request.choices.undo_to)
    way = undo.plan(asked(transport, undo.look(chosen), undo.shown(desired)), chosen, desired, seen)
    _refuse(work.host, chosen[-1].run, way)
    _tell(work, chosen, way)
    proof, then = undo.proved_by(desired, way.passed, seen)
    return proof, way.plan, then


def asked(transport: Transport, main: str, shown: str = "") -> str:
    """What a script prints, with the names of what it looks at in the file `shown`."""
    batch = Batch({"main": main.encode(), "shown": shown.encode()}, CHANGE_LIMITS)
    return "\n".join(ask(transport, batch))


def _refuse(host: str, run: str, way: Way) -> None:
    if way.missing:
        link, target = way.missing[0]
        raise Refused(
            f"{host}: {link} would lead to {target}, which is deleted", "deploy the release again", kind="release-gone"
        )
    if not way.plan:
        left = ", ".join(key.partition(":")[2] for key in way.left)
        why = f"another playbook needs {left}" if left else f"its files are as they were before {run}"
        raise Refused(
            f"{host}: nothing to undo: {why}", f"lampctl history {host} lists the runs", kind="nothing-to-undo"
        )


def _tell(work: Work, chosen: Sequence[Kept], way: Way) -> None:
    undone = list(dict.fromkeys(one.run for one in chosen))
    work.note(f"undoing {', '.join(undone)}; packages, users, databases and sites' files stay")
    if way.left:
        names = ", ".join(key.partition(":")[2] for key in way.left)
        work.note(f"left alone, because another playbook needs it: {names}")


def choose(host: str, kept: Sequence[Kept], record: str, to: str) -> list[Kept]:
    """What has to be undone to go back to the state before a run: the newest first.

    Args:
        kept: All generations of the host.
        record: Of the playbook; what others made is left alone.
        to: The run: its id, or the beginning or end of it; empty: the playbook's last one.

    Raises:
        UsageError: No run of this playbook is meant, or several, or it can't be undone any more.
    """
    own = [one for one in kept if one.playbook == record]
    if not own:
        _no_run(host, f"no run of this playbook ({record.removeprefix('@')}) can be undone")
    ids = list(dict.fromkeys(one.run for one in own))
    found = runs.match(ids, to) if to else ids[:1]
    if len(found) > 1:
        _no_run(host, f"several runs match {to}: {', '.join(found)}")
    if not found:
        other = next((one for one in kept if runs.match([one.run], to)), None)
        whose = f"belongs to the playbook {other.playbook.removeprefix('@')}" if other else "has no files to undo"
        _no_run(host, f"the run {to} {whose}")
    last = max(index for index, one in enumerate(own) if one.run == found[0])
    if any(not one.whole for one in own[: last + 1]):
        _no_run(host, f"the run {found[0]}, or one after it, was made by an older lampctl, which kept too little")
    return own[: last + 1]


def _no_run(host: str, why: str) -> NoReturn:
    raise UsageError(f"{host}: {why}", f"lampctl history {host} lists the runs", kind="no-run")
