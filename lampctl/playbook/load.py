"""From a name to a valid playbook: read, extended, overridden, checked; each error with file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import ValidationError

from lampctl.documents import Document, Playbooks, layered
from lampctl.errors import PlaybookError, UsageError
from lampctl.playbook.messages import messages
from lampctl.playbook.models import Playbook
from lampctl.playbook.sites import DatabaseOptions, Origin, SiteBase
from lampctl.resources import Source


class Library(Playbooks, Protocol):
    """Where playbooks are found, their files, and what a playbook may say."""

    def model(self) -> type[Playbook]:
        """The model of a playbook, with the layers and site types that are registered."""
        ...

    def source(self, origin: Origin, near: str) -> Source:
        """The files of an origin, beside the playbook `near`; UsageError where they are not what was meant."""
        ...


@dataclass(frozen=True)
class Client:
    """A site of other hosts whose database is on this one; its name, its user and this host's address are filled in."""

    site: str
    database: DatabaseOptions
    addresses: tuple[str, ...]  # from which it connects
    all: bool  # every host that has the site is known, and its address is among these


@dataclass(frozen=True)
class Others:
    """What a host leaves to others of its group, or gets from them: each names a host.

    Attributes:
        before, after: Site → the host that runs its hooks before and after the switch, except those with `each: true`.
        secrets: The name of a generated secret → the host that has its value.
    """

    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """A playbook as it will be used, and where each of its values comes from."""

    name: str
    playbook: Playbook
    document: Document
    files: tuple[str, ...]  # from the requested one to the last that it extends
    environments: tuple[str, ...] = ()  # that it has
    sources: Mapping[str, Source] = field(default_factory=dict)  # site → its files of this machine
    id: str = ""  # with the environment, if the playbook has an id
    clients: tuple[Client, ...] = ()  # of a host of databases
    authorities: Mapping[str, str] = field(default_factory=dict)  # of a host of sites, once the other's is known
    others: Others = Others()  # of a host of a group, once it has met the others


def load(name: str, settings: Sequence[str], library: Library, environment: str = "") -> Loaded:
    """The playbook `name` (a built-in one, or a file), with the values of an environment, then of `--set`, over it."""
    document, files, environments = layered(name, library, environment, settings)
    playbook = validate(document, library.model())
    sources = _sources(playbook, document, library)
    return Loaded(
        _title(name), playbook, document, files, environments, sources, _id(playbook, document, files, environment)
    )


def unknown() -> Loaded:
    """No playbook: for a command that goes by the host's own record."""
    return Loaded("", Playbook(), Document({}), ())


def _id(playbook: Playbook, document: Document, files: Sequence[str], environment: str) -> str:
    """`@ID`, or `@ID+ENVIRONMENT`; empty without an id. The id of an extended playbook is not inherited."""
    at = document.position(("id",))
    if not playbook.id or (at and at.file and at.file != files[0]):
        return ""
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", environment)  # it names a file on the host
    return f"@{playbook.id}{f'+{plain}' if plain else ''}"


def _sources(playbook: Playbook, document: Document, library: Library) -> dict[str, Source]:
    found = ((name, site, site.files) for name, site in playbook.sites.items())
    return {name: _source(name, site, files, document, library) for name, site, files in found if files}


def _source(name: str, site: SiteBase, origin: Origin, document: Document, library: Library) -> Source:
    """The files that a site is deployed from; PlaybookError where it can't be."""
    where = document.position(("sites", name, origin.field))
    try:
        source = library.source(origin, where.file if where else "")
    except UsageError as error:
        raise PlaybookError(f"{where}: sites → {name} → {origin.field}: {error.message}", error.hint) from None
    wrong = site.unfit(source.modes)
    if wrong:
        raise PlaybookError(f"{where}: sites → {name} → {origin.field}: {wrong[0]}", wrong[1])
    return source


def validate(document: Document, model: type[Playbook]) -> Playbook:
    """The document as a Playbook; PlaybookError with a line for each thing that is wrong."""
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise PlaybookError(
            "\n".join(messages(error, document, model)),
            "lampctl playbook schema shows all keys of a playbook",
        ) from None


def _title(name: str) -> str:
    """Names files on the host, among others: so it is made of plain characters."""
    stem = name.rsplit("/", 1)[-1].removesuffix(".yml").removesuffix(".yaml")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem) or "playbook"
