"""Stages: changes that are applied and proved together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lampctl.layers import Desired
from lampctl.layers.base import Validator
from lampctl.planning.rehearsal import Rehearsal
from lampctl.resources import Change, File, Step, Symlink, file, hook


@dataclass(frozen=True)
class Generation:
    """The paths that are handed over and deleted together.

    Attributes:
        deleted: Keys of the deleted paths.
        fresh: Paths of files that did not exist when the plan was made; a package may bring one meanwhile.
        templates: Path -> template, for the message if a server rejects the file.
    """

    resources: tuple[File | Symlink, ...]
    archive: bytes
    deleted: tuple[str, ...]
    validators: tuple[Validator, ...]
    templates: Mapping[str, str]
    fresh: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """Changes that are applied and proved together.

    Attributes:
        before: Steps before the files.
        switch: Steps before they are handed over, when they are known to be valid.
        leaving: Steps that stop what goes, when the new files are valid and the previous ones are kept.
        services: Steps that make the services read the files.
        after: Steps that need the services.
        rehearsal: With what the new files are tried before they are handed over.
    """

    changes: tuple[Change, ...]
    before: tuple[Step, ...] = ()
    switch: tuple[Step, ...] = ()
    leaving: tuple[Step, ...] = ()
    generation: Generation | None = None
    services: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    rehearsal: Rehearsal | None = None

    @property
    def last(self) -> bool:
        """Whether it runs hooks that come when all hosts of a group have switched."""
        return any(step.name.startswith(hook.AFTER) for step in self.after)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps except those that hand the files over."""
        steps = (*self.before, *self.switch, *self.leaving, *self.services, *self.after)
        return tuple(sorted(steps, key=lambda step: step.late))


def generation(
    desired: Desired,
    resources: Sequence[File | Symlink],
    contents: Mapping[str, str],
    deleted: tuple[str, ...],
    before: Sequence[Step],
    fresh: tuple[str, ...] = (),
) -> Generation | None:
    """The generation that hands `resources` over and deletes the keys in `deleted`.

    Returns:
        None if no file changes, and no step of `before` has to be undone by a rollback.
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
        fresh,
    )


def merged(first: Stage, second: Stage) -> Stage:
    """Both as one stage. What goes, goes before the files and services of what comes."""
    return Stage(
        (*first.changes, *second.changes),
        before=(*first.before, *second.before),
        switch=(*first.switch, *second.switch),
        leaving=(*first.leaving, *second.leaving),
        generation=_both(first.generation, second.generation),
        services=(*second.services, *first.services),
        after=(*first.after, *second.after),
        rehearsal=first.rehearsal,
    )


def _both(one: Generation | None, other: Generation | None) -> Generation | None:
    if one is None or other is None:
        return one or other
    return Generation(
        (*one.resources, *other.resources),
        one.archive,  # what is retired brings no files
        (*one.deleted, *other.deleted),
        tuple(dict.fromkeys((*one.validators, *other.validators))),
        {**one.templates, **other.templates},
        (*one.fresh, *other.fresh),
    )


def path_of(key: str) -> str:
    return key.partition(":")[2]
