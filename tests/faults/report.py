"""The trials as a table, and its summary."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from tests.faults.trial import LIMIT, Trial

RIGHT = 0.95  # of the faults: the share whose culprit is right


def line(trial: Trial) -> str:
    """One row. What is wrong has its reason below it."""
    good = trial.right and trial.said and trial.green and trial.seconds <= LIMIT
    row = f"{'✓' if good else '✗'} {trial.book:9} {trial.name[:48]:48} {trial.found:28} {trial.seconds:5.1f} s  {trial.hint}"
    return (
        row
        if good and not _bad_hint(trial)
        else f"{row}\n    expected {' or '.join(trial.expected) or 'no alarm'}; {trial.note}"
    )


def _bad_hint(trial: Trial) -> bool:
    return trial.hint.startswith(("missing", "does not"))


def summary(trials: Sequence[Trial]) -> str:
    faults = [trial for trial in trials if trial.expected]
    controls = [trial for trial in trials if not trial.expected]
    seconds = [trial.seconds for trial in trials] or [0.0]
    hints = [trial.hint for trial in faults]
    return (
        f"{len(faults)} faults: the right hop in {sum(t.right for t in faults)}; {len(controls)} controls: "
        f"{sum(not t.right for t in controls)} false alarms; check: median {median(seconds):.1f} s, "
        f"worst {max(seconds):.1f} s; hints: {hints.count('mended')} mended as they stand, {hints.count('showed')} showed "
        f"the cause, {hints.count('deploy')} say deploy, which mended, {sum(map(_bad_hint, faults))} failed; "
        f"not mended: {sum(not t.green for t in trials)}"
    )


def verdict(trials: Sequence[Trial]) -> bool:
    """Is the target met?"""
    faults = [trial for trial in trials if trial.expected]
    alarms = [trial for trial in trials if not trial.expected and not trial.right]
    enough = sum(trial.right for trial in faults) >= RIGHT * len(faults)
    return enough and not alarms and all(trial.seconds <= LIMIT for trial in trials)
