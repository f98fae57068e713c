"""Releases: the files of a site, each version in a folder named by its checksum that never changes.

A link to the release is what is switched, as part of a generation; so a deployment of files is handed over at once,
and undone like any other file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lampctl.resources.base import Action, Change, Step
from lampctl.resources.shell import quote, words

KEPT = 5  # releases beside the one that is served


@dataclass(frozen=True)
class Source:
    """Files of this machine, as a deterministic tar; equal files give an equal digest."""

    digest: str
    archive: bytes = field(repr=False, compare=False)


@dataclass(frozen=True)
class Release:
    """The files of `source`, below `home`/releases; readable by all who may enter `home`, written by root only."""

    home: str
    layer: str
    source: Source

    @property
    def path(self) -> str:
        return f"{self.home}/releases/{self.source.digest}"

    @property
    def key(self) -> str:
        return f"release:{self.path}"


def probe(releases: Sequence[Release]) -> str:
    """Shell that prints the path of each release that is there."""
    return f"ls -d {words(sorted({r.path for r in releases}))} 2>/dev/null || :" if releases else ":"


def parse(raw: str) -> dict[str, bool]:
    """Release key → True."""
    return {f"release:{path}": True for path in raw.split()}


def compare(release: Release, state: object) -> Change | None:
    if state:
        return None
    size = len(release.source.archive) >> 10
    return Change(release.key, release.layer, Action.CREATE, f"{size} KiB of files from this machine\n")


def steps(releases: Sequence[Release]) -> list[Step]:
    made = []
    for release in releases:
        name = f"{release.source.digest}.tar"
        script = _UNPACK.format(
            home=quote(release.home), digest=quote(release.source.digest), archive=quote(name), kept=KEPT
        )
        made.append(Step(f"release {release.path}", release.layer, script, payload={name: release.source.archive}))
    return made


# A new home is closed until the generation gives it its owner; a release is whole, or not there.
_UNPACK = r"""
umask 077
[ -d {home} ] || mkdir {home}
umask 022
mkdir -p {home}/releases
cd {home}/releases
rm -rf {digest}.new
mkdir {digest}.new
tar -C {digest}.new --no-same-owner -xpmf "$OLDPWD"/{archive} # new times: caches know files by time and size
sync -f {digest}.new
mv -T {digest}.new {digest}
served=$(readlink ../current || :)
ls -t | grep -vxF -e "${{served##*/}}" -e {digest} | tail -n +{kept} | while IFS= read -r old; do rm -rf "./$old"; done
"""
