"""Package archives besides the distribution's own, each with its key and its priority."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from difflib import unified_diff

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Conflict, Step
from lampctl.resources.file import MARK
from lampctl.resources.kind import Changed, HostView, Kind, Phase, Retirement
from lampctl.resources.shell import script, words

SOURCES = "/etc/apt/sources.list.d/"
_PREFERRED = 1001  # even over a newer version from the distribution


@dataclass(frozen=True)
class Repository:
    """An archive of apt. Only its `preferred` packages replace packages that the distribution has."""

    name: str
    layer: str
    url: str
    suite: str
    components: tuple[str, ...]
    signed_by: str  # a keyring's path on the host, or an armored key
    pin: int
    match: str  # how apt's preferences identify it, such as `release n=bookworm`
    preferred: tuple[str, ...] = ()  # packages that always come from it

    @property
    def key(self) -> str:
        return f"repository:{self.name}"

    @property
    def files(self) -> Mapping[str, str]:
        """Path → text."""
        source, preferences = paths(self.name)
        return {source: self._source(), preferences: self._preferences()}

    def _source(self) -> str:
        rows = [f"# {MARK}: repository {self.name}", "Types: deb", f"URIs: {self.url}", f"Suites: {self.suite}"]
        rows += [f"Components: {' '.join(self.components)}"] if self.components else []
        key = self.signed_by.strip()
        if key.startswith("/"):
            return "\n".join([*rows, f"Signed-By: {key}", ""])
        lines = (f" {line.strip() or '.'}" for line in key.splitlines())
        return "\n".join([*rows, "Signed-By:", *lines, ""])

    def _preferences(self) -> str:
        pins = [("*", self.pin), *((name, _PREFERRED) for name in self.preferred)]
        rows = (f"Package: {name}\nPin: {self.match}\nPin-Priority: {priority}\n" for name, priority in pins)
        return f"# {MARK}: repository {self.name}\n" + "\n".join(rows)


def paths(name: str) -> tuple[str, str]:
    """Its files: the source, and the pins."""
    return f"{SOURCES}lampctl-{name}.sources", f"/etc/apt/preferences.d/lampctl-{name}"


def probe(repositories: Sequence[Repository]) -> str:
    """Shell that prints `name<TAB>path<TAB>text in base64` for each file that exists."""
    rows = {(r.name, path) for r in repositories for path in r.files}
    return "\n".join(
        f"[ ! -e {path} ] || printf '{name}\\t{path}\\t%s\\n' \"$(base64 -w0 {path})\"" for name, path in sorted(rows)
    )


@dataclass(frozen=True)
class RepositoryState:
    """`texts`: path -> text of each of its files that exist."""

    texts: Mapping[str, str] = field(default_factory=dict)


def parse(raw: str) -> dict[str, RepositoryState]:
    texts: dict[str, dict[str, str]] = {}
    for name, path, text in rows(raw, 3):
        with suppress(ValueError):
            texts.setdefault(f"repository:{name}", {})[path] = base64.b64decode(text).decode(errors="replace")
    return {key: RepositoryState(found) for key, found in texts.items()}


def compare(repository: Repository, state: RepositoryState | None, view: HostView) -> Change | Conflict | None:
    texts = state.texts if state else {}
    if texts == repository.files:
        return None
    foreign = next((path for path, text in texts.items() if MARK not in text), None)
    if foreign and repository.key not in view.owned:
        return Conflict(
            repository.key,
            f"{foreign} exists and was not made by lampctl; it was left alone",
            "move it away, or give the repository another name",
        )
    diff = "".join(_diff(path, texts.get(path, ""), text) for path, text in repository.files.items())
    return Change(repository.key, repository.layer, Action.UPDATE if texts else Action.CREATE, diff)


def _diff(path: str, before: str, after: str) -> str:
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    return "".join(unified_diff(*lines, f"a{path}" if before else "/dev/null", f"b{path}"))


def steps(changed: Sequence[Changed[Repository]], view: HostView) -> list[Step]:  # noqa: ARG001
    """Steps that write the files, and sources-undo.sh, by which the step that reads the archives can revert them."""
    return [
        Step(
            f"repository {r.name}",
            r.layer,
            f"umask 022\n{script('repository/write')}"
            + "".join(f"{words(['write_source', r.key, *item])}\n" for item in r.files.items()),
            owns=(r.key,),
        )
        for r, _ in changed
    ]


def retire(keys: Sequence[str], wanted: Sequence[Repository], view: HostView) -> Retirement:  # noqa: ARG001
    """Remove the files. Packages that were installed from the archive stay."""
    names = {key: key.partition(":")[2] for key in keys}
    return Retirement(
        tuple(Change(key, "linux", Action.DELETE, "no longer wanted\n") for key in keys),
        tuple(
            Step(f"remove {name}", "linux", f"rm -f {words(paths(name))}\n", disowns=(key,))
            for key, name in names.items()
        ),
    )


REPOSITORIES = Kind(
    "repositories",
    ("repository",),
    (Repository,),
    Phase.PREPARE,
    probe,
    parse,
    compare,
    steps,
    writes=lambda repository: paths(repository.name),
    claimed=(Repository,),
    retire=retire,
)
