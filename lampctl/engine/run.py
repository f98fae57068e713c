"""What a command does on one host: connect, observe, plan, apply, prove. And on several, side by side."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from lampctl.checks import Status
from lampctl.engine import fleet
from lampctl.engine.apply import stopped
from lampctl.engine.deploying import Deploying, refuse
from lampctl.engine.observe import progress
from lampctl.engine.part import Alone
from lampctl.engine.reach import reach
from lampctl.engine.rolling import rolled_back
from lampctl.engine.script import WAIT
from lampctl.engine.settle import wait_for_lock
from lampctl.engine.undoing import way_back
from lampctl.engine.work import CHANGING, Request, Work
from lampctl.errors import ApplyFailed, LampctlError, Locked, unexpected
from lampctl.journal.events import CheckDone, Noted, Waiting
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.outcome import Outcome, Reporter
from lampctl.planning import Plan, drift
from lampctl.resources.service import SERVICES
from lampctl.resources.unit import UnitState
from lampctl.ssh import Target, Transport, target

RACES = 3  # times that checks are repeated because another run changes the host


def run(request: Request, targets: Sequence[Target], reporter: Reporter) -> list[Outcome]:
    """The outcomes: of hosts with databases, then in the order of `targets`. Each is reported as soon as it exists.

    Raises:
        KeyboardInterrupt: Ctrl-C while no host changed, or a second one.
    """
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

    # Hosts that wait for each other need a thread each.
    pool = ThreadPoolExecutor(16 if all(isinstance(part, Alone) for part in parts.values()) else len(parts))
    try:
        return _all([pool.submit(one, host) for host in parts], request, reporter)
    finally:
        # After a second Ctrl-C, what has begun on the hosts continues there; waiting for it could take minutes.
        pool.shutdown(wait=False, cancel_futures=True)


def _all(futures: Sequence[Future[Outcome]], request: Request, reporter: Reporter) -> list[Outcome]:
    try:
        return [future.result() for future in futures]
    except KeyboardInterrupt:
        changing = request.interruption.hosts
        if not changing:
            raise
        request.interruption.ask()
        for host in changing:
            reporter.event(
                Noted(host, "stopping after this step; what is half made is undone. Ctrl-C again leaves it running")
            )
    return [future.result() for future in futures]


@dataclass
class HostRun(Work):
    """One command on one host, from the connection to its outcome."""

    def outcome(self) -> Outcome:
        transport: Transport | None = None
        try:
            if self.request.interruption.asked:
                raise stopped(self.host, None)
            with self.phase("connect"):
                transport = reach(self.where, self.request.connect, self.reporter.event)
            self.part.note = self.note
            share = self.part.begin(transport)
            self.share = replace(share, given={**self.request.supplied, **share.given})
            self._run_when_free(transport)
            self.part.proved(transport)
        except LampctlError as error:
            self.done["error"] = error
        except Exception as error:
            self.done["error"] = unexpected(self.host, error)
        finally:
            if transport:
                self.done["round_trips"] = transport.round_trips
                transport.close()
        return self.outcome_so_far()

    def _run_when_free(self, transport: Transport) -> None:
        """Run; while another run has the host's lock, wait for it and try again, as long as --wait says."""
        began, patience = time.monotonic(), self.request.connect.wait
        while True:
            try:
                self._run(transport)
                return
            except Locked as error:
                waited = time.monotonic() - began
                if waited >= patience or error.kind not in ("locked", "stale-plan") or "applied" in self.done:
                    raise
                self.reporter.event(Waiting(self.host, error.message.removeprefix(f"{self.host}: "), waited))
                wait_for_lock(transport, patience - waited)

    def _run(self, transport: Transport) -> None:
        command, back = self.request.command, self.host in self.request.undone
        deploying = Deploying(self, transport)
        desired, seen = self._look(transport, deploying)
        if command == "rollback" and back:
            desired, plan, seen = rolled_back(self, transport, desired, seen)
        elif back:
            desired, plan, seen = way_back(self, transport, desired, seen)
        else:
            plan = self.plan(desired, seen)
        if command == "check" or (command in ("undo", "rollback") and not back):
            self._check(transport, deploying, desired, plan, seen)
            return
        self.done["changes"] = plan.changes
        refuse(self, plan, seen)
        if command == "plan":
            return
        if not plan:
            self._check(transport, deploying, desired, plan, seen)
            silent = self._silent(seen)
            if command != "deploy" or not silent:
                return
            seen = replace(seen, states=seen.states.updated(SERVICES, silent))
            plan = self.plan(desired, seen)
            self.done["changes"] = plan.changes
        if self.request.confirm and not self.request.confirm(self.host, plan.changes):
            raise ApplyFailed(f"{self.host}: declined: nothing was applied", "", kind="declined")
        deploying.apply_and_prove(desired, plan, seen, further=not back)

    def _silent(self, seen: Observation) -> dict[str, UnitState]:
        """Service key -> state, of the sites' programs that run and gave the proof no answer."""
        found = {f"service:{unit}" for result in self.done["results"] for unit in result.silent}
        known = seen.states.of_kind(SERVICES)
        return {key: replace(known[key], silent=True) for key in sorted(found & known.keys())}

    def _look(self, transport: Transport, deploying: Deploying) -> tuple[Desired, Observation]:
        """Observe the host; if it is going to be changed, what an earlier run left is judged first."""
        seen = self.observe(transport)
        desired = self.wanted(seen)
        self.done["platform"] = seen.facts.platform
        command = self.request.command
        if not self.request.loaded.files:
            return desired, seen  # without a playbook, only what changes is proved
        if command in CHANGING and seen.unjudged and not seen.lock:
            seen = deploying.judge_former(desired, seen)
            desired = self.wanted(seen)
        elif command == "plan" and seen.unjudged and seen.passed:
            self.note("an earlier run was cut off before its checks: a deploy judges it before anything else")
        return desired, seen

    def _check(
        self, transport: Transport, deploying: Deploying, desired: Desired, plan: Plan, seen: Observation
    ) -> None:
        """Prove a host that is not changed, and compare it with the playbook."""
        hops = self.prove(transport, desired, seen)
        for _ in range(RACES):
            if not any(result.status is Status.FAIL for result in hops):
                break
            generation, lock = progress(transport)
            if not lock and generation == seen.generation:
                break
            self.note("another run changes the host meanwhile, so the checks are repeated")
            if lock:
                wait_for_lock(transport, WAIT)
            seen = self.observe(transport)
            desired = self.wanted(seen)
            plan, hops = self.plan(desired, seen), self.prove(transport, desired, seen)
        self.done["results"] = drift.compare(plan, hops, self.share.loaded.playbook.sites)
        for result in self.done["results"][len(hops) :]:
            self.reporter.event(CheckDone(self.host, result))
        if not plan:
            deploying.record(desired, seen, hops)
