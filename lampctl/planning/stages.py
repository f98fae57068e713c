"""What is applied and proved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.layers import Desired
from lampctl.layers.base import Validator
from lampctl.resources import Change, File, Service, Step, Symlink, file


@dataclass(frozen=True)
class Generation:
    """The paths that are handed over, and those that are taken away, together."""

    resources: tuple[File | Symlink, ...]
    archive: bytes
    deleted: tuple[str, ...]  # keys
    validators: tuple[Validator, ...]
    templates: Mapping[str, str]  # path → template, to name it when a server refuses the file

    @property
    def paths(self) -> tuple[str, ...]:
        return (*(resource.path for resource in self.resources), *map(path_of, self.deleted))


@dataclass(frozen=True)
class Stage:
    """Changes that are applied and proved together."""

    changes: tuple[Change, ...]
    before: tuple[Step, ...] = ()  # packages, users, secrets, certificates, releases
    generation: Generation | None = None
    services: tuple[tuple[Service, Change], ...] = ()
    after: tuple[Step, ...] = ()  # databases, commands; certificates that an ACME server gives
    stopped: tuple[str, ...] = ()  # units that `before` stops; an undo starts them again


def generation(
    desired: Desired,
    resources: Sequence[File | Symlink],
    contents: Mapping[str, str],
    deleted: tuple[str, ...],
    stops: bool = False,
) -> Generation | None:
    """What hands `resources` over and takes the keys in `deleted` away; None where there is nothing to do.

    `stops`: units are stopped with it, which an undo starts again, whether or not files go.
    """
    if not resources and not deleted and not stops:
        return None
    paths = [*(r.path for r in resources), *map(path_of, deleted)]
    return Generation(
        tuple(resources),
        file.archive(resources, contents),
        deleted,
        tuple(v for v in desired.validators if any(f"{path}/".startswith(v.watch + "/") for path in paths)),
        {r.path: r.template for r in resources if isinstance(r, File)},
    )


def path_of(key: str) -> str:
    return key.partition(":")[2]
