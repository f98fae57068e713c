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
from lampctl.playbook.sites import CgiSite, DatabaseOptions
from lampctl.resources import Source


class Library(Playbooks, Protocol):
    """Where playbooks are found, and their files."""

    def source(self, name: str, near: str, checksum: str, war: bool = False) -> Source:
        """The files of a folder, one file, or what is inside a WAR; UsageError where they are not what was meant."""
        ...


@dataclass(frozen=True)
class Client:
    """A site of other hosts whose database is on this one; its name, its user and this host's address are filled in."""

    site: str
    database: DatabaseOptions
    addresses: tuple[str, ...]  # from which it connects
    all: bool  # every host that has the site is known, and its address is among these


@dataclass(frozen=True)
class Loaded:
    """A playbook as it will be used, and where each of its values comes from."""

    name: str
    playbook: Playbook
    document: Document
    files: tuple[str, ...]  # from the one asked for to the last that it extends
    environments: tuple[str, ...] = ()  # that it has
    sources: Mapping[str, Source] = field(default_factory=dict)  # site → its files of this machine
    clients: tuple[Client, ...] = ()  # of a host of databases
    authorities: Mapping[str, str] = field(default_factory=dict)  # of a host of sites, once the other's is known


def load(name: str, settings: Sequence[str], library: Library, environment: str = "") -> Loaded:
    """The playbook `name` (a built-in one, or a file), with the values of an environment, then of `--set`, over it."""
    document, files, environments = layered(name, library, environment, settings)
    playbook = validate(document)
    sources = _sources(playbook, document, library)
    return Loaded(_title(name), playbook, document, files, environments, sources)


def _sources(playbook: Playbook, document: Document, library: Library) -> dict[str, Source]:
    found = {}
    for name, site in playbook.sites.items():
        for key in ("source", "war", "tarball"):
            path = getattr(site, key, None)
            if path is None:
                continue
            where = document.position(("sites", name, key))
            try:
                checksum = getattr(site, "sha256", None) or ""
                found[name] = library.source(path, where.file if where else "", checksum, war=key == "war")
            except UsageError as error:
                message = f"{where}: sites → {name} → {key}: {error.message}"
                raise PlaybookError(message, error.hint) from None
            wrong = site.unfit(found[name].modes) if isinstance(site, CgiSite) else None
            if wrong:
                raise PlaybookError(f"{where}: sites → {name} → {key}: {wrong[0]}", wrong[1])
    return found


def validate(document: Document) -> Playbook:
    """The document as a Playbook; PlaybookError with a line for each thing that is wrong."""
    try:
        return Playbook.model_validate(document.data)
    except ValidationError as error:
        raise PlaybookError(
            "\n".join(messages(error, document, Playbook)), "lampctl playbook schema shows all that a playbook may say"
        ) from None


def _title(name: str) -> str:
    """Names files on the host, among others: so it is made of plain characters."""
    stem = name.rsplit("/", 1)[-1].removesuffix(".yml").removesuffix(".yaml")
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem) or "playbook"
