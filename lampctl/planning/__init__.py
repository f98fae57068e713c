"""Plans: the ordered changes of one host, from its actual to its desired state, and the steps that make them.

The plan that is shown is the object that is applied. Pure: an observation and a desired state in, data out.

A plan has up to two stages. The first creates and changes what the playbook wants. The second removes what this
playbook once made and no longer wants; it is applied only when the first is proved: nothing is retired before its
successor works. If it is in the way of the first, both are applied as one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lampctl.checks import counted
from lampctl.layers import Desired
from lampctl.layers.base import Problem
from lampctl.observation import Observation
from lampctl.planning import converge, retire
from lampctl.planning.identity import Identity
from lampctl.planning.plan import Plan
from lampctl.planning.rehearsal import rehearsal
from lampctl.planning.stages import Generation, Stage, merged
from lampctl.resources import Action, Change, Conflict, Step
from lampctl.resources.kind import HostView
from lampctl.resources.kinds import kinds

__all__ = ["Generation", "Identity", "Plan", "Stage", "make"]


def make(identity: Identity, desired: Desired, seen: Observation, contents: Mapping[str, str], wait: int) -> Plan:
    """The plan of one host.

    `seen` is what is there, `contents` the text of each File by key, `wait` the seconds that apt's lock may take.
    """
    makers = {key: name for name, keys in seen.owners.items() for key in keys}
    seen = seen.merged(identity.name, identity.inherits)
    theirs = seen.made_by_others(identity.name)
    view = HostView(seen.states, desired.resources, seen.facts.clock, seen.owned, theirs, contents, apt_wait=wait)
    known = frozenset().union(*(kind.recognize(kind.select(desired.resources), view) for kind in kinds()))
    first, late, conflicts = converge.stages(desired, replace(view, recognized=known))
    orphans = seen.orphans(identity.name).difference(resource.key for resource in desired.resources)
    retired = retire.stage(desired, {key: makers[key] for key in orphans}, view)
    both = _inheriting(_rehearsed(first, desired, seen), identity), merged(retired, late)
    stages = tuple(stage for stage in both if stage.changes)
    problems = _problems(desired, seen, stages, conflicts)
    return Plan(
        identity.name,
        stages,
        (*identity.problems, *(p for p in problems if not p.accepted)),
        seen.generation,
        tuple(sorted(known - seen.owned)),
        (*_claimed(desired), *sorted(known & theirs.keys())),
        identity.inherits,
        (*(_notes(identity, desired, orphans, problems) if stages else identity.notes), *desired.reminders),
        conflicts,
    )


def _rehearsed(stage: Stage, desired: Desired, seen: Observation) -> Stage:
    """The stage with its rehearsal, unless the new files need what comes after them, such as a database."""
    if not stage.generation or stage.after:
        return stage
    return replace(stage, rehearsal=rehearsal(desired, stage.changes, counted(desired.checks, seen.passed)))


def _claimed(desired: Desired) -> list[str]:
    return [r.key for kind in kinds() for r in kind.select(desired.resources) if isinstance(r, kind.claimed)]


def _inheriting(stage: Stage, identity: Identity) -> Stage:
    """The stage, with the change that makes other records part of this playbook's."""
    if not identity.inherits:
        return stage
    what = f"what {', '.join(identity.inherits)} made belongs to this playbook\n"
    change = Change(f"playbook:{identity.name}", "linux", Action.UPDATE, what)
    step = Step(f"take over {', '.join(identity.inherits)}", "linux", ":")
    return replace(stage, changes=(change, *stage.changes), before=(step, *stage.before))


def _notes(
    identity: Identity, desired: Desired, orphans: frozenset[str], problems: Sequence[Problem]
) -> tuple[str, ...]:
    accepted = (f"taken over, as the playbook says: {problem.message}" for problem in problems if problem.accepted)
    return (*identity.notes, *desired.notes, *accepted, *retire.leftovers(desired, orphans))


def _problems(
    desired: Desired, seen: Observation, stages: tuple[Stage, ...], conflicts: Sequence[Conflict]
) -> list[Problem]:
    changing = frozenset(change.resource for stage in stages for change in stage.changes)
    found = [
        problem
        for preflight in desired.preflights
        for problem in preflight.judge(seen.answers.get(preflight.id, ""), seen.facts, changing)
    ]
    return [*found, *(Problem("conflict", conflict.message, conflict.hint) for conflict in conflicts)]
