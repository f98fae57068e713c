"""The hosts of a playbook's sites in one run: one of them leads, and the others wait for it where they have to.

All connect at once and report; then each knows its terms (engine/agreement.py). Where the leader runs hooks before the
switch, or makes secrets, the others begin when its release is proved; the hooks after the switch run when all others
have ended. One that can't be reached reports nothing, and does not block the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

from lampctl.engine.agreement import Report, Terms, Topics, agree, parse, reading, topics
from lampctl.engine.part import Part, Share, settle
from lampctl.errors import LampctlError
from lampctl.outcome import Outcome
from lampctl.planning import Stage
from lampctl.playbook import Loaded
from lampctl.ssh import Batch, Transport, ask


@dataclass
class Group:
    """The members in the playbook's order, and the first host of it, which the run might not have."""

    first: str
    topics: Topics
    members: list[Member] = field(default_factory=list)


@dataclass
class Member(Part):
    """One host of a group; `inner` is its part beside that."""

    host: str
    inner: Part
    group: Group
    command: str
    terms: Terms | None = None
    report: Future[Report | None] = field(default_factory=Future)
    ready: Future[bool] = field(default_factory=Future)  # did it run and make what the others need?
    over: Future[None] = field(default_factory=Future)
    made: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # secrets, by name

    def __post_init__(self) -> None:
        self.loaded = self.inner.loaded

    def begin(self, transport: Transport) -> Share:
        self.inner.note = self.note
        share = self.inner.begin(transport)
        self.report.set_result(self._ask(transport, self.group.topics.script))
        reports = {one.host: found for one in self.group.members if (found := one.report.result())}
        terms = self.terms = agree(self.host, self.group.first, self.group.topics, reports)
        if terms.problem and self.command in ("deploy", "plan"):
            raise terms.problem
        given = {**share.given, **terms.given, **(self._awaited(terms) if self.command == "deploy" else {})}
        return Share(replace(share.loaded, others=terms.others), given)

    def _ask(self, transport: Transport, script: str) -> Report:
        return parse(self.host, self.group.topics, ask(transport, Batch({"main": script.encode()})))

    def _awaited(self, terms: Terms) -> Mapping[str, bytes]:
        """Wait for the leader. Returns the secrets that it has made, as this host's batches have them."""
        if not terms.awaits or terms.leader == self.host:
            return {}
        leader = next(one for one in self.group.members if one.host == terms.leader)
        if not leader.ready.done():
            self.note(f"waits for {terms.leader}, which {_first(terms)} first")
        if not leader.ready.result():
            raise _stopped(self.host, terms)
        return leader.made

    def served(self, transport: Transport) -> None:
        self._read_made(transport)
        settle(self.ready, True)

    def begins(self, stage: Stage) -> None:
        """What comes last waits for the others, unless they still wait for this host."""
        if stage.last and self.terms and self.terms.leader == self.host and self.ready.done():
            for one in self.group.members:
                if one is self:
                    continue
                if not one.over.done():
                    self.note(
                        f"waits for {one.host}: the hooks after the switch run when all hosts serve the new release"
                    )
                one.over.result()

    def proved(self, transport: Transport) -> None:
        self.inner.proved(transport)
        self._read_made(transport)

    def end(self, outcome: Outcome | None) -> None:
        self.inner.end(outcome)
        settle(self.report, None)
        settle(self.ready, outcome is not None and outcome.error is None)
        settle(self.over, None)

    def _read_made(self, transport: Transport) -> None:
        """Read the secrets that this host has made for all."""
        if self.command != "deploy" or not self.terms or self.terms.leader != self.host or self.made:
            return
        secrets = self.group.topics.secrets
        if new := [secrets[name] for name in self.terms.awaits if name in secrets]:
            self.made = {f"given/{name}": value for name, value in self._ask(transport, reading(new)).secrets.items()}


def grouped(
    loaded: Loaded, parts: Mapping[str, Part], groups: Sequence[tuple[str, Sequence[str]]], command: str
) -> dict[str, Part]:
    """The parts of the hosts of sites, as members of their group where it has something to agree on.

    Args:
        groups: The first host of each, and its hosts in this run, in order.
    """
    several = [(first, hosts) for first, hosts in groups if len(hosts) > 1 or first not in hosts]
    about = topics(loaded) if several else Topics()
    found = dict(parts)
    for first, hosts in several if about else ():
        group = Group(first, about)
        group.members.extend(Member(host, parts[host], group, command) for host in hosts)
        found |= {one.host: one for one in group.members}
    return found


def _first(terms: Terms) -> str:
    """What the leader does before the others."""
    what = terms.awaits[0]
    return f"makes the secret {what}" if what in terms.others.secrets else f"runs the hooks of {what}"


def _stopped(host: str, terms: Terms) -> LampctlError:
    return LampctlError(
        f"{host}: nothing was done, because {terms.leader}, which {_first(terms)} first, failed",
        f"fix {terms.leader}, then rerun",
        kind="first-host",
    )
