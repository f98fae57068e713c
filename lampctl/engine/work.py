"""What every command does on one host: observe it, plan, and prove; with its timings and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from lampctl import planning
from lampctl.checks import Result, Status
from lampctl.engine import observe
from lampctl.engine.interruption import Interruption
from lampctl.engine.part import Part, Share
from lampctl.engine.prove import prove
from lampctl.errors import LampctlError
from lampctl.journal.events import Noted, PhaseBegan
from lampctl.layers import Desired
from lampctl.observation import Observation
from lampctl.outcome import Outcome, Reporter
from lampctl.planning import Plan
from lampctl.planning.identity import identify
from lampctl.playbook import Loaded
from lampctl.resources import Change, File
from lampctl.ssh import ConnectOptions, Target, Transport

APT_WAIT = 300  # seconds that a run waits for apt's lock, unless --timeout says otherwise
CHANGING = ("deploy", "undo", "rollback")  # commands that change a host
SETTLE = 5.0  # seconds that servers may take until what they have just loaded shows


@dataclass(frozen=True)
class Choices:
    """What a command is told besides its playbook and its hosts.

    Attributes:
        take_over: A record on the host whose resources become this playbook's.
        undo: What the playbook's last run made is undone; or what all runs since `undo_to` made, this one included.
        deep: Checks that take long or ask other hosts are run as well.
        site, release: With rollback, the site and the release that it goes to; empty: the only site, and the last
            proved release before the present one.
    """

    take_over: str = ""
    undo: bool = False
    undo_to: str = ""
    deep: bool = False
    site: str = ""
    release: str = ""


@dataclass(frozen=True)
class Request:
    """One command, for every host of it. `confirm` is asked before a plan is applied."""

    command: str  # deploy, plan, check, undo or rollback
    loaded: Loaded
    connect: ConnectOptions
    source: Callable[[str], tuple[str, str] | None]  # of templates
    confirm: Callable[[str, Sequence[Change]], bool] | None = None
    connections: Mapping[str, Target] = field(default_factory=dict)  # open ones, by host
    choices: Choices = field(default_factory=Choices)
    undone: frozenset[str] = frozenset()  # hosts that go back to an earlier state; the others are only checked
    supplied: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # secrets, beside what other hosts give
    interruption: Interruption = field(default_factory=Interruption)


@dataclass
class Work:
    """One command on one host."""

    request: Request
    where: Target
    reporter: Reporter
    part: Part
    timings: dict[str, float] = field(default_factory=dict)
    done: dict[str, Any] = field(default_factory=dict)  # fields of the outcome, as they come to be known
    share: Share = field(init=False)  # what this host has of the playbook

    @property
    def host(self) -> str:
        return self.where.text

    def outcome_so_far(self) -> Outcome:
        return Outcome(
            self.host, self.request.command, playbook=self.request.loaded.name, timings=self.timings, **self.done
        )

    def observe(self, transport: Transport) -> Observation:
        with self.phase("observe"):
            return observe.observe(transport, self.share.loaded, self._get_ready, self.share.given)

    def wanted(self, seen: Observation) -> Desired:
        found = observe.wanted(self.host, self.share.loaded, seen)
        if self.request.choices.deep:
            return found
        return replace(found, checks=tuple(check for check in found.checks if not check.deep))

    def plan(self, desired: Desired, seen: Observation) -> Plan:
        contents = {file.key: self.render(file) for file in desired.files}
        wait = int(self.request.connect.timeout or APT_WAIT)
        loaded, request = self.share.loaded, self.request
        identity = identify(loaded.name, loaded.id, loaded.playbook.names, seen.owners, request.choices.take_over)
        plan = planning.make(identity, desired, seen, contents, wait)
        for note in plan.notes if request.command != "check" else ():
            self.note(note)
        return plan

    def prove(self, transport: Transport, desired: Desired, seen: Observation) -> tuple[Result, ...]:
        if self.request.command == "check" and not self.request.choices.deep:
            desired = replace(desired, checks=tuple(check for check in desired.checks if not check.beside))
        with self.phase("check"):
            return prove(transport, desired, seen, self.render, self.reporter.event)

    def prove_before(self, transport: Transport, desired: Desired, plan: Plan, seen: Observation) -> tuple[Result, ...]:
        """What works before a change, of the checks that do not have to pass in any case."""
        checks = tuple(check for check in desired.checks if check.id not in plan.decisive)
        return self.prove(transport, replace(desired, checks=checks), seen) if checks and seen.passed else ()

    def prove_settled(self, transport: Transport, desired: Desired) -> tuple[tuple[Result, ...], Observation]:
        """Probe until the checks pass or SETTLE is over: a reload returns before it takes effect.

        At least twice: the first request to a new application can take longer than its check allows, and an answer can
        get lost. What no undo would help is not waited for any longer.
        """
        deadline, over = time.monotonic() + SETTLE, False
        while True:
            seen = self.observe(transport)
            results = self.prove(transport, desired, seen)
            if over or not any(result.status is Status.FAIL for result in results):
                return results, seen
            over = time.monotonic() > deadline or not any(result.undo_may_help for result in results)

    @cached_property
    def render(self) -> Callable[[File], str]:
        from lampctl.rendering import Renderer  # lazy: the observation need not wait for Jinja

        return Renderer(self.request.source, self.share.loaded.name).text

    def note(self, text: str) -> None:
        self.reporter.event(Noted(self.host, text))

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        self.reporter.event(PhaseBegan(self.host, name))
        began = time.perf_counter()
        try:
            yield
        finally:
            self.timings[name] = self.timings.get(name, 0.0) + time.perf_counter() - began

    def _get_ready(self) -> None:
        """Prepare for the host's answer meanwhile: imports, and compiled templates."""
        import pymysql  # noqa: F401

        for desired in observe.candidates(self.share.loaded):
            for file in desired.files:
                with suppress(LampctlError):  # the error is raised again when the file itself is rendered
                    self.render(file)
