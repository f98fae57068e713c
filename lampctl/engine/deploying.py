"""Deploys on one host: apply stage by stage, prove each, and undo what broke something.

On the host, what is applied is rolled back after WAIT seconds unless a verdict comes or the sites' pages answer. What
an earlier run left without a verdict, as after a power failure, is judged before anything else.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property

from lampctl.checks import Check, HostProbe, Result, conclude, counted, first_regression
from lampctl.engine import apply
from lampctl.engine.prove import tools
from lampctl.engine.script import WAIT
from lampctl.engine.settle import Judgement, answered, known_to_pass, proved, settle, under_new_names
from lampctl.engine.work import CHANGING, Work
from lampctl.errors import ApplyFailed, Interrupted, LampctlError, Refused, locked
from lampctl.journal.runs import Begun, Verdict
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.planning import Plan, Stage
from lampctl.planning.identity import without_sites
from lampctl.resources import Action, hook
from lampctl.ssh import Transport

PASSES = 3  # plans of one run: what is on the host after one may allow more


class Deploying:
    """Changes one host, and proves what it changed."""

    def __init__(self, work: Work, transport: Transport) -> None:
        self._work = work
        self._transport = transport
        self._done = work.done

    @cached_property
    def _begun(self) -> Begun:
        loaded = self._work.request.loaded
        return Begun.now(self._work.request.command, loaded.name, loaded.document.data)

    @cached_property
    def _applying(self) -> apply.Applying:
        work = self._work
        given = {**tools(work.render), **work.share.given}
        return apply.Applying(self._transport, work.reporter.event, given, self._begun)

    def judge_former(self, desired: Desired, seen: Observation) -> Observation:
        """Undo what earlier runs applied and nobody judged, as far as it broke what worked when it was last proved.

        Returns:
            The observation afterwards.
        """
        for left in seen.unjudged if seen.passed else ():  # what never worked is gone on with
            why = "it was half undone" if left.half else self._break(desired, seen)
            if not why:
                self._work.note("an earlier run was cut off before its checks; they pass")
                return seen
            judgement = Judgement(seen.generation, Verdict.UNDONE, which=left.number, run=left.run)
            settle(self._transport, judgement, self._work.outcome_so_far())
            self._work.note(f"an earlier run was cut off before its checks, and is rolled back: {why}")
            seen = self._work.observe(self._transport)
        return seen

    def _break(self, desired: Desired, seen: Observation) -> str:
        """What is broken that worked when the host was last proved; empty: nothing."""
        self._done["results"] = self._work.prove(self._transport, desired, seen)
        broken = first_regression(desired.checks, self._done["results"], (), seen.passed)
        return f"{broken.id} fails: {broken.actual}" if broken else ""

    def record(self, desired: Desired, seen: Observation, results: tuple[Result, ...]) -> None:
        """Mark a host that is as the playbook wants as proved, if it is not yet."""
        if len(desired.checks) > len(results) and seen.proved != seen.generation:
            return  # a plain check does not ask for all that would prove it
        known = known_to_pass(desired.checks, results, seen.passed)
        news = seen.proved != seen.generation or not known.items() <= seen.passed.items()
        news |= not seen.unrecorded.isdisjoint(answered(desired.checks, results))
        if seen.generation and not seen.lock and news and not any(result.undo_may_help for result in results):
            judgement = proved(seen.generation, desired, results, known, self._work.render)
            with suppress(LampctlError):  # another run has begun meanwhile
                settle(self._transport, judgement, self._work.outcome_so_far())

    def apply_and_prove(self, desired: Desired, plan: Plan, before: Observation, *, further: bool = True) -> None:
        """Apply a plan. With `further`, it is planned again if that allows more, such as HTTPS with a certificate."""
        before = replace(before, passed=counted(desired.checks, under_new_names(desired, before.passed)))
        for left in reversed(range(PASSES)):
            after = self._pass(desired, plan, before)
            if after is None or not left or not further:
                return
            wanted = self._work.wanted(after)
            if wanted.resources == desired.resources:
                return
            desired, before = wanted, after
            plan = self._work.plan(desired, after)
            self._done["changes"] = (*self._done["changes"], *plan.changes)
            refuse(self._work, plan, after)

    def _pass(self, desired: Desired, plan: Plan, seen: Observation) -> Observation | None:
        """Apply a plan; if its first stage fails, what goes may be in the way: then both stages as one."""
        try:
            return self._stages(desired, plan, seen)
        except ApplyFailed as error:
            if not _in_the_way(error, plan) or self._done.get("applied"):
                raise
            self._work.note(f"{error.message}; what the playbook no longer wants may be in the way, so it goes as well")
        self._done.pop("error", None)
        now = self._work.observe(self._transport)  # users and packages may have come
        desired = self._work.wanted(now)
        plan = self._work.plan(desired, now).together
        return self._stages(desired, plan, now)

    def _stages(self, desired: Desired, plan: Plan, seen: Observation) -> Observation | None:
        """Apply stage by stage, each proved before the next. The observation afterwards; None if a stage failed."""
        generation = plan.seen
        for stage in plan.stages:
            self._work.part.begins(stage)
            if self._work.request.interruption.asked:
                raise apply.stopped(self._work.host, None)
            with self._work.request.interruption.changing(self._work.host, self._applying.stop):
                after = self._stage(desired, plan, stage, replace(seen, generation=generation))
            if after is None:
                return None
            self._work.part.served(self._transport)
            seen, generation = after, after.generation
        return seen

    def _stage(self, desired: Desired, plan: Plan, stage: Stage, seen: Observation) -> Observation | None:
        before = self._work.prove_before(self._transport, desired, plan, seen) if stage.generation else ()
        generation = self._apply(plan, stage, seen.generation, _pages(desired, seen))
        self._stop_if_asked(generation)  # a proof would only delay it
        results, after = self._prove(desired)
        self._done["results"] = results
        self._stop_if_asked(generation)
        if any(result.undo_may_help for result in results):
            broken = first_regression(desired.checks, results, before, seen.passed)
            self._give_up(generation, broken if stage.generation else None)
            self._say_what_stays(stage)
            return None
        deleted = stage.generation.deleted if stage.generation else ()
        kept = (resource.key for resource in desired.resources)
        passed = known_to_pass(desired.checks, results, without_sites(seen.passed, deleted, kept))
        self._settle(proved(generation, desired, results, passed, self._work.render))
        return replace(after, passed=passed, proved=generation, generation=generation, lock="")

    def _apply(self, plan: Plan, stage: Stage, generation: str, pages: list[Check]) -> str:
        try:
            with self._work.phase("apply"):
                generation = self._applying.apply(plan, stage, generation, pages)
        except (ApplyFailed, Interrupted) as error:
            if self._applying.began:
                self._done["error"] = error
                verdict = Verdict.STOPPED if isinstance(error, Interrupted) else Verdict.FAILED
                if self._applying.unfit:
                    check, found = self._applying.unfit
                    self._done |= {"undone": True, "results": conclude([check], {check.id: (found, 0.0)})}
                    verdict = Verdict.UNDONE
                    self._say_what_stays(stage)
                with suppress(LampctlError):  # this error is the one to show
                    self._settle(Judgement(self._applying.generation, verdict))
            raise
        self._done["applied"] = True
        return generation

    def _say_what_stays(self, stage: Stage) -> None:
        """Add to the error what no rollback undoes."""
        ran = [step.name for step in stage.switch if step.name.startswith(hook.BEFORE)]
        error = self._done.get("error")
        if ran and error:
            error.message += f"; what {' and '.join(ran)} did, such as a migration, is not undone"

    def _prove(self, desired: Desired) -> tuple[tuple[Result, ...], Observation]:
        try:
            return self._work.prove_settled(self._transport, desired)
        except LampctlError:
            self._work.note(
                f"what was applied could not be checked: in {WAIT} s the host looks whether the sites' pages answer, "
                "and goes back to the previous files if they do not"
            )
            raise

    def _give_up(self, generation: str, broken: Result | None) -> None:
        """A check fails: roll back if it is because of the new files."""
        if broken is None:
            self._work.note("what fails now failed before the deploy too, so the new state stays")
            self._settle(Judgement(generation, Verdict.KEPT))
            return
        self._done |= {"undone": True, "error": self._broke(broken, "rolled back to the previous files")}
        if not self._settle(Judgement(generation, Verdict.UNDONE)):
            self._done |= {"undone": False, "error": self._broke(broken, "the previous files could not be loaded")}
            self._settle(Judgement(generation, Verdict.UNDONE))  # for the journal

    def _broke(self, broken: Result, state: str) -> ApplyFailed:
        message = f"{self._work.host}: {broken.id} failed with the new files; {state}"
        hint = broken.hint or "fix what the check names, then deploy again"
        return ApplyFailed(message, hint, kind="check", evidence=broken.evidence)

    def _stop_if_asked(self, generation: str) -> None:
        """A person asked for it when the last step had begun: all of it is undone.

        Raises:
            Interrupted: A person asked for it.
        """
        if not self._work.request.interruption.asked:
            return
        undone = self._settle(Judgement(generation, Verdict.UNDONE))
        self._done["undone"] = bool(undone)
        raise apply.stopped(self._work.host, undone)

    def _settle(self, judgement: Judgement) -> bool | None:
        self._done["round_trips"] = self._transport.round_trips
        return settle(self._transport, replace(judgement, run=self._begun.id), self._work.outcome_so_far())


def _in_the_way(error: ApplyFailed, plan: Plan) -> bool:
    """Whether a first stage may have failed because of what the second removes: a unit, or a broken file."""
    if len(plan.stages) < 2:
        return False
    going = {change.action for change in plan.stages[1].changes}
    return (error.kind == "service" and Action.STOP in going) or (
        error.kind in ("invalid", "unloadable") and Action.DELETE in going
    )


def _pages(desired: Desired, seen: Observation) -> list[Check]:
    """The checks of visitors' pages that worked when the host was last proved."""
    return [c for c in desired.checks if c.id in seen.passed and isinstance(c.probe, HostProbe) and c.probe.accept]


def refuse(work: Work, plan: Plan, seen: Observation) -> None:
    """Raise what speaks against a plan.

    Raises:
        Locked: Another run holds the host's lock, and this one would change the host.
        Refused: A problem that was found before anything changed.
    """
    if seen.lock and work.request.command in CHANGING:
        raise locked(work.host, seen.lock)
    if plan.problems:
        first, *rest = plan.problems
        evidence = "\n".join([first.evidence, *(f"also: {p.message}: {p.hint}" for p in rest)]).strip()
        raise Refused(f"{work.host}: {first.message}", first.hint, kind=first.kind, evidence=evidence)
