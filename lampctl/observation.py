"""One look at a host: the questions (shell, one batch) and their answers (parsed, pure).

Which paths matter depends on the platform, which is not known before the look. So the questions are the union
over all platforms of the table: to ask for a path that can't exist costs nothing, a round trip would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lampctl import facts
from lampctl.facts import Facts
from lampctl.layers import Desired
from lampctl.resources import (
    AcmeCertificate,
    Certificate,
    Command,
    Database,
    DatabaseUser,
    Directory,
    File,
    Package,
    Release,
    Repository,
    Resource,
    Secret,
    Service,
    Symlink,
    User,
    acme,
    certificate,
    command,
    database,
    file,
    package,
    release,
    repository,
    secret,
    service,
    user,
)

STATE = "/var/lib/lampctl"  # on the host: lock, what is owned, generations

_STATE_PROBES = {
    "owned": f"grep -rH '' {STATE}/owned 2>/dev/null || :",
    "generation": f"cat {STATE}/generation 2>/dev/null || :",
    "proved": f"cat {STATE}/proved 2>/dev/null || :",
    "passed": f"cat {STATE}/passed 2>/dev/null || :",
    # A shared lock is refused only while a run holds the exclusive one; the kernel drops it with its holder.
    "lock": f"[ ! -e {STATE}/lock ] || flock -n -s {STATE}/lock true || cat {STATE}/lock",
}


@dataclass(frozen=True)
class Observation:
    """What was seen. `states`: resource key → state of its kind; `entries`: path → what is there."""

    facts: Facts
    states: Mapping[str, object] = field(default_factory=dict)
    entries: Mapping[str, file.Entry] = field(default_factory=dict)
    owners: Mapping[str, frozenset[str]] = field(default_factory=dict)  # playbook → keys that it made
    generation: str = ""
    proved: str = ""  # the last generation whose checks all passed
    passed: Mapping[str, str] = field(default_factory=dict)  # and these checks: id → question
    lock: str = ""  # who holds it, or empty
    answers: Mapping[str, str] = field(default_factory=dict)  # preflight id → raw output

    @property
    def owned(self) -> frozenset[str]:
        """The keys of all that lampctl made."""
        return frozenset().union(*self.owners.values())

    def orphans(self, playbook: str) -> frozenset[str]:
        """What this playbook made, and no other has a claim on."""
        others = (keys for name, keys in self.owners.items() if name != playbook)
        return self.owners.get(playbook, frozenset()).difference(*others)


def of(resources: Iterable[Resource], *kinds: type[Any]) -> list[Any]:
    """The resources of these kinds, one for each key."""
    return list({r.key: r for r in resources if isinstance(r, kinds)}.values())


def questions(candidates: Sequence[Desired]) -> dict[str, str]:
    """Section name → shell. Sections run side by side on the host."""
    resources = [resource for desired in candidates for resource in desired.resources]
    displaced = [link for desired in candidates for link in desired.displaced]
    shared = [service for desired in candidates for service in desired.shared]
    asked = {f"preflight:{p.id}": p.script for desired in candidates for p in desired.preflights}
    return {
        **facts.PROBES,
        **_STATE_PROBES,
        "repositories": repository.probe(of(resources, Repository)),
        "packages": package.probe(of(resources, Package)),
        "paths": file.probe([*of(resources, File, Symlink, Directory), *displaced]),
        "units": service.probe([*of(resources, Service), *shared]),
        "users": user.probe(of(resources, User)),
        "releases": release.probe(of(resources, Release)),
        "secrets": secret.probe(of(resources, Secret)),
        "certificate": certificate.probe(of(resources, Certificate)),
        "acme": acme.probe(of(resources, AcmeCertificate)),
        "databases": database.probe(of(resources, Database), of(resources, DatabaseUser)),
        "commands": command.probe([r for r in resources if isinstance(r, Command)]),
        **asked,
    }


def parse(raw: Mapping[str, str], now: float) -> Observation:
    """The answers to `questions`; `now` is the controller's clock while they were given."""
    parsers: dict[str, Callable[[str], Mapping[str, object]]] = {
        "repositories": repository.parse,
        "packages": package.parse,
        "units": service.parse,
        "users": user.parse,
        "releases": release.parse,
        "secrets": secret.parse,
        "certificate": certificate.parse,
        "acme": acme.parse,
        "databases": database.parse,
        "commands": command.parse,
    }
    states = {key: state for name, read in parsers.items() for key, state in read(raw.get(name, "")).items()}
    return Observation(
        facts=facts.parse(raw, now),
        states=states,
        entries=file.parse(raw.get("paths", "")),
        owners=_owners(raw.get("owned", "")),
        generation=raw.get("generation", "").strip(),
        proved=raw.get("proved", "").strip(),
        passed=_passed(raw.get("passed", "")),
        lock=raw.get("lock", "").strip(),
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
