"""The observation of a host: questions (shell, one batch) and their answers (parsed, pure).

Which paths matter depends on the platform, which is not known in advance. So the questions are the union over all
platforms: probing a path that can't exist costs nothing, but a second round trip would.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lampctl import facts
from lampctl.answers import rows
from lampctl.errors import BadAnswer
from lampctl.facts import Facts
from lampctl.layers import Desired
from lampctl.resources.kind import States
from lampctl.resources.kinds import kinds
from lampctl.resources.shell import script

STATE = "/var/lib/lampctl"  # on the host: the lock, the record of what lampctl made, the generations

_MOST_UNJUDGED = 5  # each takes a proof: the host is not trusted

# What tells whether another run changes the host.
PROGRESS = {
    "generation": f"cat {STATE}/generation 2>/dev/null || :",
    # A shared lock fails only while a run holds the exclusive one, which the kernel releases when its holder dies.
    "lock": f"[ ! -e {STATE}/lock ] || flock -n -s {STATE}/lock true || cat {STATE}/lock",
}
_STATE_PROBES = {
    **PROGRESS,
    "network": script("linux/network"),
    "time": script("linux/time"),
    "releases": script("release/look"),
    "owned": f"grep -rH '' {STATE}/owned 2>/dev/null || :",
    "proved": f"cat {STATE}/proved 2>/dev/null || :",
    "passed": f"cat {STATE}/passed 2>/dev/null || :",
    "unjudged": script("unjudged"),
    "web": script("web/others"),
}


@dataclass(frozen=True)
class Unjudged:
    """A generation that was applied, and neither proved nor undone since.

    Attributes:
        half: The host was undoing it when it was cut off.
        run: The id of its run, or empty.
    """

    number: str
    half: bool = False
    run: str = ""


@dataclass(frozen=True)
class Observation:
    """The observation of a host.

    Attributes:
        owners: Playbook -> keys of the resources that it made.
        generation: The host's generation of files.
        proved: The last generation whose checks all passed.
        passed: These checks: id -> question.
        unjudged: What earlier runs left without a verdict, the newest first.
        unrecorded: Sites of which the host does not record that what they serve is proved.
        lock: Who holds it, or empty.
        answers: Preflight id -> raw output.
    """

    facts: Facts
    states: States = field(default_factory=States)
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)
    generation: str = ""
    proved: str = ""
    passed: Mapping[str, str] = field(default_factory=dict)
    unjudged: tuple[Unjudged, ...] = ()
    unrecorded: frozenset[str] = frozenset()
    lock: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def owned(self) -> frozenset[str]:
        """The keys of all that lampctl made."""
        return frozenset().union(*self.owners.values())

    def merged(self, playbook: str, others: Sequence[str]) -> Observation:
        """The observation as it will be once the records of `others` are part of the playbook's."""
        if not others:
            return self
        own = frozenset().union(*(self.owners.get(name, frozenset()) for name in (playbook, *others)))
        return replace(self, owners={**{n: k for n, k in self.owners.items() if n not in others}, playbook: own})

    def orphans(self, playbook: str) -> frozenset[str]:
        """Keys of what only this playbook made."""
        others = (keys for name, keys in self.owners.items() if name != playbook)
        return self.owners.get(playbook, frozenset()).difference(*others)

    def made_by_others(self, playbook: str) -> Mapping[str, str]:
        """Key -> another playbook that made it; only keys that `playbook` has not made."""
        own = self.owners.get(playbook, frozenset())
        return {key: name for name, keys in sorted(self.owners.items()) if name != playbook for key in keys - own}


def questions(candidates: Sequence[Desired]) -> dict[str, str]:
    """Section name -> shell. Sections run side by side on the host."""
    resources = [resource for desired in candidates for resource in (*desired.resources, *desired.shared)]
    return {
        **facts.PROBES,
        **_STATE_PROBES,
        **{f"kind:{kind.name}": kind.question(resources) for kind in kinds()},
        **{f"preflight:{p.id}": p.script for desired in candidates for p in desired.preflights},
    }


def parse(raw: Mapping[str, str], now: float) -> Observation:
    """The answers to `questions`; `now` is the controller's clock when the host answered.

    Raises:
        BadAnswer: A question was not answered.
    """
    missing = [
        name for name in (*facts.PROBES, *_STATE_PROBES, *(f"kind:{k.name}" for k in kinds())) if name not in raw
    ]
    if missing:
        raise BadAnswer(f"the host did not answer: {', '.join(missing)}", "rerun it", kind="bad-answer")
    found = list(rows(raw["unjudged"], 3))
    return Observation(
        facts=facts.parse(raw, now),
        states=States({kind.name: kind.parse(raw[f"kind:{kind.name}"]) for kind in kinds()}),
        owners=_owners(raw["owned"]),
        generation=raw["generation"].strip(),
        proved=raw["proved"].strip(),
        passed=_passed(raw["passed"]),
        unjudged=tuple(Unjudged(number, half == "half", run) for number, half, run in found[:_MOST_UNJUDGED]),
        unrecorded=frozenset(site for what, site, *_ in rows(raw["releases"], 4) if what == "unrecorded"),
        lock=raw["lock"].strip(),
        answers={name.removeprefix("preflight:"): text for name, text in raw.items() if name.startswith("preflight:")},
    )


def _passed(raw: str) -> dict[str, str]:
    """Check → question."""
    rows = (line.partition(" ") for line in raw.splitlines())
    return {id: question for id, _, question in rows if question}


def _owners(raw: str) -> dict[str, frozenset[str]]:
    """Playbook → keys, of lines `…/owned/PLAYBOOK:KEY`."""
    owners: dict[str, set[str]] = {}
    for line in raw.splitlines():
        path, _, key = line.partition(":")
        owners.setdefault(path.rsplit("/", 1)[-1], set()).add(key)
    return {name: frozenset(keys) for name, keys in owners.items()}
