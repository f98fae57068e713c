"""Whose a playbook's resources are on a host: two projects may both call their playbook site.yml.

A playbook with an `id` has that identity. Without one, it is the record on the host that names the playbook's sites:
renaming the file changes nothing, and another project's playbook of the same file name has a record of its own. What
another identity made is left alone, unless it is taken over explicitly.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from lampctl.layers.base import Problem

Owners = Mapping[str, frozenset[str]]  # record on the host -> keys of the resources that it made

_VHOST = re.compile(r":/etc/(?:apache2|nginx)/sites-available/(.+)\.conf$")


@dataclass(frozen=True)
class Identity:
    """The identity of a playbook on one host.

    Attributes:
        name: Of its record on the host.
        inherits: Records that become part of it: what it had before it had an id, and what it takes over.
        problems: Sites of the playbook that belong to another identity, and what can't be taken over.
        notes: What is left alone though its playbook has the same file name.
    """

    name: str
    inherits: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def sites_of(keys: Iterable[str]) -> frozenset[str]:
    """The sites that a record has: each has a virtual host."""
    return frozenset(found[1] for key in keys if (found := _VHOST.search(key)))


def without_sites(passed: Mapping[str, str], deleted: Iterable[str], kept: Iterable[str]) -> dict[str, str]:
    """The checks without those of sites that go.

    Args:
        deleted, kept: Keys. A site whose virtual host moves to another web server has one in each.
    """
    gone = sites_of(deleted) - sites_of(kept)
    return {id: question for id, question in passed.items() if id.partition("@")[2] not in gone}


def identify(title: str, wanted: str, sites: Collection[str], owners: Owners, take_over: str = "") -> Identity:
    """Find or make the identity of a playbook on a host.

    Args:
        title: The playbook's file name, without its ending.
        wanted: Its record if it has an id, `@shop-7f3a` or `@shop-7f3a+staging`; or empty.
        sites: The names of its sites.
        owners: What is recorded on the host.
        take_over: A record whose resources become this playbook's.
    """
    shared = {name: found & set(sites) for name, keys in owners.items() if (found := sites_of(keys)) & set(sites)}
    own = wanted or _by_sites(title, sites, owners, shared)
    inherits = _formers(title, wanted, sites, owners, shared) if wanted and wanted not in owners else []
    problems = [] if not take_over or take_over in owners else [_unknown(take_over, owners)]
    if take_over and take_over in owners and take_over != own:
        inherits.append(take_over)
    others = {name: taken for name, taken in shared.items() if name.startswith("@") and name not in (own, *inherits)}
    problems += [_taken(name, sorted(taken)) for name, taken in others.items()]
    return Identity(own, tuple(dict.fromkeys(inherits)), tuple(problems), _left(title, own, inherits, owners))


def _by_sites(title: str, sites: Collection[str], owners: Owners, shared: Mapping[str, frozenset[str]]) -> str:
    """The record that has most of the sites; else a new one, which no other project's playbook has by accident."""
    plain = {name: taken for name, taken in shared.items() if not name.startswith("@")}
    if plain:
        return max(plain, key=lambda name: (len(plain[name]), name == title, name))
    if not sites_of(owners.get(title, ())):
        return title
    return f"{title}-{sha256(' '.join(sorted(sites)).encode()).hexdigest()[:6]}"


def _formers(
    title: str, wanted: str, sites: Collection[str], owners: Owners, shared: Mapping[str, frozenset[str]]
) -> list[str]:
    """What this playbook had before it had an id, or without its environment: records with its sites."""
    found = [n for n in sorted(shared) if not n.startswith("@") or n.partition("+")[0] == wanted.partition("+")[0]]
    alone = not sites and title in owners and not sites_of(owners[title])  # such as a host of databases
    return [*found, title] if alone else found


def _left(title: str, own: str, inherits: Collection[str], owners: Owners) -> tuple[str, ...]:
    same = (
        name for name in sorted(owners) if name == title or re.fullmatch(rf"{re.escape(title)}-[0-9a-f]{{6}}", name)
    )
    found = ((name, sorted(sites_of(owners[name]))) for name in same if name != own and name not in inherits)
    return tuple(
        f"left alone: {', '.join(sites)} of another playbook called {title}; if it is this one: --take-over {name}; "
        f"if a site of this one had that name before: renamed_from: {sites[0]}"
        for name, sites in found
        if sites
    )


def _taken(name: str, sites: list[str]) -> Problem:
    return Problem(
        "other-playbook",
        f"{', '.join(sites)} {'belongs' if len(sites) == 1 else 'belong'} to the playbook {name.removeprefix('@')}",
        f"if this playbook is its successor: --take-over '{name}'; if it is the same: id: {name[1:].partition('+')[0]}",
    )


def _unknown(name: str, owners: Owners) -> Problem:
    known = ", ".join(sorted(owners)) or "none"
    return Problem(
        "take-over", f"--take-over {name}: no playbook of that name made anything here", f"on this host: {known}"
    )
