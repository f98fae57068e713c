"""What is applied and proved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.layers import Desired
from lampctl.layers.base import Validator
from lampctl.resources import Change, File, Step, Symlink, file


@dataclass(frozen=True)
class Generation:
    """The paths that are handed over, and those that are deleted, together.

    Attributes:
        deleted: Keys.
        templates: Path -> template, to name it if a server refuses the file.
    """

    resources: tuple[File | Symlink, ...]
    archive: bytes
    deleted: tuple[str, ...]
    validators: tuple[Validator, ...]
    templates: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """Changes that are applied and proved together: what comes before the files, the files, services, and the rest."""

    changes: tuple[Change, ...]
    before: tuple[Step, ...] = ()
    generation: Generation | None = None
    services: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All but those that hand the files over."""
        return (*self.before, *self.services, *self.after)


def generation(
    desired: Desired,
    resources: Sequence[File | Symlink],
    contents: Mapping[str, str],
    deleted: tuple[str, ...],
    before: Sequence[Step],
) -> Generation | None:
    """What hands `resources` over and deletes the keys in `deleted`.

    Returns:
        None if there is nothing to do: no file changes, and none of the steps `before` it can be undone with it.
    """
    if not resources and not deleted and not any(step.undo for step in before):
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
