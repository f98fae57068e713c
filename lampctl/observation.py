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
    Database,
    DatabaseUser,
    Directory,
    File,
    Package,
    Resource,
    Secret,
    Service,
    Symlink,
    database,
    file,
    package,
    secret,
    service,
)

STATE = "/var/lib/lampctl"  # on the host: lock, what is owned, generations

_STATE_PROBES = {
    "owned": f"cat {STATE}/owned 2>/dev/null || :",
    "generation": f"cat {STATE}/generation 2>/dev/null || :",
    "proved": f"cat {STATE}/proved 2>/dev/null || :",
    # A shared lock is refused only while a run holds the exclusive one; the kernel drops it with its holder.
    "lock": f"[ ! -e {STATE}/lock ] || flock -n -s {STATE}/lock true || cat {STATE}/lock",
}


@dataclass(frozen=True)
class Observation:
    """What was seen. `states`: resource key → state of its kind; `entries`: path → what is there."""

    facts: Facts
    states: Mapping[str, object] = field(default_factory=dict)
    entries: Mapping[str, file.Entry] = field(default_factory=dict)
    owned: frozenset[str] = frozenset()
    generation: str = ""
    proved: str = ""
    lock: str = ""  # who holds it, or empty
    answers: Mapping[str, str] = field(default_factory=dict)  # preflight id → raw output


def of(resources: Iterable[Resource], *kinds: type[Any]) -> list[Any]:
    """The resources of these kinds, one for each key."""
    return list({r.key: r for r in resources if isinstance(r, kinds)}.values())


def questions(candidates: Sequence[Desired]) -> dict[str, str]:
    """Section name → shell. Sections run side by side on the host."""
    resources = [resource for desired in candidates for resource in desired.resources]
    asked = {f"preflight:{p.id}": p.script for desired in candidates for p in desired.preflights}
    return {
        **facts.PROBES,
        **_STATE_PROBES,
        "packages": package.probe(of(resources, Package)),
        "paths": file.probe(of(resources, File, Symlink, Directory)),
        "units": service.probe(of(resources, Service)),
        "secrets": secret.probe(of(resources, Secret)),
        "databases": database.probe(of(resources, Database), of(resources, DatabaseUser)),
        **asked,
    }


def parse(raw: Mapping[str, str], now: float) -> Observation:
    """The answers to `questions`; `now` is the controller's clock while they were given."""
    parsers: dict[str, Callable[[str], Mapping[str, object]]] = {
        "packages": package.parse,
        "units": service.parse,
        "secrets": secret.parse,
        "databases": database.parse,
    }
    states = {key: state for name, read in parsers.items() for key, state in read(raw.get(name, "")).items()}
    return Observation(
        facts=facts.parse(raw, now),
        states=states,
        entries=file.parse(raw.get("paths", "")),
        owned=frozenset(raw.get("owned", "").split("\n")) - {""},
        generation=raw.get("generation", "").strip(),
        proved=raw.get("proved", "").strip(),
        lock=raw.get("lock", "").strip(),
        answers={name.removeprefix("preflight:"): text for name, text in raw.items() if name.startswith("preflight:")},
    )
