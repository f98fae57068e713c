"""What a command does on one host: connect, observe, plan, apply, prove. And on several, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from lampctl import planning
from lampctl.checks import Result, Status, lost
from lampctl.engine import apply, fleet, observe
from lampctl.engine.fleet import Part, Share
from lampctl.engine.prove import prove, tools
from lampctl.engine.reach import reach
from lampctl.errors import ApplyFailed, LampctlError, Refused, unexpected
from lampctl.journal.events import Noted, PhaseBegan
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.outcome import Outcome, Reporter
from lampctl.planning import Plan
from lampctl.playbook import Loaded
from lampctl.resources import Change, File
from lampctl.ssh import ConnectOptions, Target, Transport, target

APT_WAIT = 300  # seconds that a run waits for apt's lock, unless --timeout says otherwise
PASSES = 3  # plans of one run: what is on the host after one may allow more
SETTLE = 5.0  # seconds that servers may take until what they have just loaded shows


@dataclass(frozen=True)
class Request:
    """One command, for every host of it. `confirm` is asked before a plan is applied."""

    command: str  # deploy, plan or check
    loaded: Loaded
    connect: ConnectOptions
    source: Callable[[str], tuple[str, str] | None]  # of templates
    confirm: Callable[[str, Sequence[Change]], bool] | None = None
    connections: Mapping[str, Target] = field(default_factory=dict)  # open ones, by host


def run(request: Request, targets: Sequence[Target], reporter: Reporter) -> list[Outcome]:
    """The outcomes: of hosts with databases, then in the order of `targets`. Each is reported as soon as it exists."""
    named = {where.text: where for where in targets}
    known = {**request.connections, **named}
    parts = fleet.parts(request.loaded, list(named), request.command)

    def one(host: str) -> Outcome:
        outcome: Outcome | None = None
        try:
            outcome = HostRun(request, known.get(host) or target(host), reporter, parts[host]).outcome()
        finally:
            parts[host].end(outcome)
        reporter.outcome(outcome)
        return outcome

    if len(parts) == 1:
        return list(map(one, parts))
    # Hosts that wait for each other need a thread each.
    pool = ThreadPoolExecutor(16 if len(parts) == len(targets) else len(parts))
    try:
        return list(pool.map(one, parts))
    finally:
        # After Ctrl-C, hosts that have begun go on by themselves; waiting for them could take minutes.
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass
class HostRun:
    """One command on one host."""

    request: Request
    where: Target
    reporter: Reporter
    part: Part
    timings: dict[str, float] = field(default_factory=dict)
    done: dict[str, Any] = field(default_factory=dict)  # fields of the outcome, as they come to be known
    share: Share = field(init=False)  # what this host has of the playbook

    def outcome(self) -> Outcome:
        transport: Transport | None = None
        try:
            with self._phase("connect"):
                transport = reach(self.where, self.request.connect, self.reporter.event)
            self.share = self.part.begin(transport)
            self._run(transport)
            self.part.proved(transport)
        except LampctlError as error:
            self.done["error"] = error
        except BrokenPipeError:  # whoever reads the output has gone
            raise
        except Exception as error:
            self.done["error"] = unexpected(self.where.text, error)
        finally:
            if transport:
                self.done["round_trips"] = transport.round_trips
                transport.close()
        return Outcome(
            self.where.text,
            self.request.command,
            playbook=self.request.loaded.name,
            timings=self.timings,
            **self.done,
        )

    def _run(self, transport: Transport) -> None:
        seen = self._observe(transport)
        desired = observe.wanted(self.where.text, self.share.loaded, seen)
        self.done["platform"] = seen.facts.platform
        if self.request.command == "check":
            self.done["results"] = self._prove(transport, desired, seen)
            return
        plan = self._plan(desired, seen)
        self.done["changes"] = plan.changes
        self._refuse(plan, seen)
        if self.request.command == "plan":
            return
        if not plan:
            self.done["results"] = self._prove(transport, desired, seen)
        elif self.request.confirm and not self.request.confirm(self.where.text, plan.changes):
            raise ApplyFailed(f"{self.where.text}: declined: nothing was applied", "", kind="declined")
        else:
            self._apply_and_prove(transport, desired, plan, seen)

    def _observe(self, transport: Transport) -> Observation:
        with self._phase("observe"):
            return observe.observe(transport, self.share.loaded, self._get_ready, self.share.given)

    def _plan(self, desired: Desired, seen: Observation) -> Plan:
        contents = {file.key: self._render(file) for file in desired.files}
        wait = int(self.request.connect.timeout or APT_WAIT)
        return planning.make(self.share.loaded.name, desired, seen, contents, wait)

    def _refuse(self, plan: Plan, seen: Observation) -> None:
        if seen.lock and self.request.command == "deploy":
            raise apply.locked(self.where.text, seen.lock)
        if plan.problems:
            first, *rest = plan.problems
            evidence = "\n".join([first.evidence, *(f"also: {p.message}: {p.hint}" for p in rest)]).strip()
            message = f"{self.where.text}: {first.message}"
            raise Refused(message, first.hint, kind=first.kind, evidence=evidence)

    def _apply_and_prove(self, transport: Transport, desired: Desired, plan: Plan, before: Observation) -> None:
        """What was brought to the host may allow more, such as HTTPS with a certificate: then it is planned again."""
        for left in reversed(range(PASSES)):
            after = self._pass(transport, desired, plan, before)
            if after is None or not left:
                return
            further = observe.wanted(self.where.text, self.share.loaded, after)
            if further.resources == desired.resources:
                return
            desired, before = further, after
            plan = self._plan(desired, after)
            self.done["changes"] = (*self.done["changes"], *plan.changes)
            self._refuse(plan, after)

    def _pass(self, transport: Transport, desired: Desired, plan: Plan, seen: Observation) -> Observation | None:
        """Stage by stage, each proved before the next. What the host is like then; None where it went wrong."""
        applying = apply.Applying(
            transport,
            self.reporter.event,
            {**tools(self._render), **self.share.given},
        )
        generation = plan.seen
        for stage in plan.stages:
            before = self._prove(transport, desired, seen) if seen.passed and stage.generation else ()
            with self._phase("apply"):
                generation = applying.apply(plan, stage, generation)
            self.done["applied"] = True
            results, after = self._prove_settled(transport, desired)
            self.done["results"] = results
            if any(r.status is Status.FAIL and r.undoable for r in results):
                broken = lost(desired.checks, results, before, seen.passed)
                if broken and stage.generation:
                    self._undo(applying, generation, broken)
                else:
                    self._note("what fails now did not work before either, so the new state stays")
                return None
            good = {result.id for result in results if result.status is Status.PASS}
            passed = {check.id: check.question for check in desired.checks if check.id in good}
            applying.prove(generation, passed)
            seen = replace(after, passed=passed)
        return seen

    def _undo(self, applying: apply.Applying, generation: str, broken: Result) -> None:
        self.done["undone"] = applying.undo(generation)
        state = "are back and loaded" if self.done["undone"] else "could not be loaded again"
        self.done["error"] = ApplyFailed(
            f"{self.where.text}: {broken.id} failed with the new files; the former files {state}",
            broken.hint or "mend what the check names, and deploy again",
            kind="check",
            evidence=broken.evidence,
        )

    def _prove_settled(self, transport: Transport, desired: Desired) -> tuple[tuple[Result, ...], Observation]:
        """A reload returns before its effect shows; so a failure counts when it stays."""
        deadline = time.monotonic() + SETTLE
        while True:
            seen = self._observe(transport)
            results = self._prove(transport, desired, seen)
            if time.monotonic() > deadline or not any(r.status is Status.FAIL and r.undoable for r in results):
                return results, seen

    def _prove(self, transport: Transport, desired: Desired, seen: Observation) -> tuple[Result, ...]:
        with self._phase("check"):
            return prove(transport, desired, seen, self._render, self.reporter.event)

    def _get_ready(self) -> None:
        """What is needed once the host has answered: imports, and the templates compiled."""
        import pymysql  # noqa: F401

        for desired in observe.candidates(self.share.loaded):
            for file in desired.files:
                with suppress(LampctlError):  # it shows again when the file itself is rendered
                    self._render(file)

    @cached_property
    def _render(self) -> Callable[[File], str]:
        from lampctl.rendering import Renderer  # late: the look at the host need not wait for Jinja

        return Renderer(self.request.source, self.share.loaded.name).text

    def _note(self, text: str) -> None:
        self.reporter.event(Noted(self.where.text, text))

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self.reporter.event(PhaseBegan(self.where.text, name))
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - began
