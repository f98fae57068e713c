"""Releases: the files of a site, each version in its own unchanging folder, named by its checksum.

A link to the current release is switched as part of a generation: so a deployment of files is atomic, and rolled back
like any other file.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lampctl.answers import rows
from lampctl.resources.base import Action, Change, Step
from lampctl.resources.file import FILES
from lampctl.resources.kind import Changed, HostView, Kind, Phase
from lampctl.resources.shell import quote, script
from lampctl.resources.upload import Upload

LONGEST = 900  # seconds that one command of a build, or of a hook, may take
HOLDS = "/etc/lampctl/held"  # on the host: a link for each site that a rollback holds
KEPT = 5  # releases besides the one that is served, unless a site says otherwise


@dataclass(frozen=True)
class Source:
    """Files on this machine, as a deterministic tar: the same files have the same digest.

    Attributes:
        commit: Their commit, if they are of a git repository, by its 40 digits; and its author and ISO 8601 date.
    """

    digest: str
    archive: bytes = field(repr=False, compare=False)
    commit: str = field(default="", compare=False)
    author: str = field(default="", compare=False)
    date: str = field(default="", compare=False)

    def made_with(self, what: str) -> Source:
        """The same files in another release."""
        return replace(self, digest=hashlib.sha256(f"{self.digest} {what}".encode()).hexdigest()[:16])

    @property
    def modes(self) -> dict[str, int]:
        """Path of each file → its mode."""
        with tarfile.open(fileobj=io.BytesIO(self.archive)) as tar:
            return {member.name: member.mode for member in tar if not member.isdir()}

    @property
    def about(self) -> str:
        """What they are, for people."""
        if not self.commit:
            return f"{self.size} of files from this machine"
        return f"{self.size}, commit {self.commit[:12]} of {self.date[:10]} by {self.author}"

    @property
    def size(self) -> str:
        """The size of its files, for people; a tar has at least 10 KiB."""
        with tarfile.open(fileobj=io.BytesIO(self.archive)) as tar:
            found = sum(member.size for member in tar)
        return f"{found >> 10} KiB" if found >= 1024 else f"{found} bytes"


@dataclass(frozen=True)
class Making:
    """What a release is made of besides its files.

    Attributes:
        shared: Paths that are links to what outlives it; with a slash at the end, folders.
        writable: Folders in which the site's user can write.
        commands: Shell commands that build it, as that user.
        php: The program of the site's PHP, for these; empty: it has none.
        without: Variables of the site's environment that they do not get.
    """

    shared: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    php: str = ""
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Release:
    """The files of `source`, below `home`/releases: owned by root, readable by `group` and by all who can enter `home`.

    Only root and the group can read those that match one of `hidden`: the site's user reads its code, the web server's
    user only what it serves. These are patterns of find, for names, or with a slash for paths below the release.
    `served`: the folder that is the document root; what is outside it is hidden as well. Empty: the release itself.
    `keep`: how many others stay beside the one that is served and the last proved one.
    """

    home: str
    layer: str
    source: Source
    group: str = "root"
    hidden: tuple[str, ...] = ()
    served: str = ""
    keep: int = KEPT
    making: Making = Making()

    @property
    def site(self) -> str:
        return self.home.rpartition("/")[2]

    @property
    def path(self) -> str:
        return f"{self.home}/releases/{self.source.digest}"

    @property
    def key(self) -> str:
        return f"release:{self.path}"


@dataclass(frozen=True)
class ReleaseState:
    """`owner`: the owner of its directory, as USER:GROUP."""

    owner: str


def probe(releases: Sequence[Release]) -> str:
    """Shell that prints `owner<TAB>path` for each release that exists."""
    tests = (f"[ ! -d {quote(r.path)} ] || stat -c '%U:%G\t%n' {quote(r.path)}" for r in releases)
    return "\n".join(tests) if releases else ":"


def parse(raw: str) -> dict[str, ReleaseState]:
    return {f"release:{path}": ReleaseState(owner) for owner, path in rows(raw, 2)}


def compare(release: Release, state: ReleaseState | None, view: HostView) -> Change | None:  # noqa: ARG001
    owner = f"root:{release.group}"
    if state is None:
        text = f"{release.source.about}\n"
        return Change(release.key, release.layer, Action.CREATE, text)
    if state.owner == owner:
        return None
    text = f"owner: {state.owner} -> {owner}; only it can read the code\n"
    return Change(release.key, release.layer, Action.UPDATE, text)


def steps(changed: Sequence[Changed[Release]], view: HostView) -> list[Step]:
    return [
        Step(f"release {release.path}", release.layer, _unpack(release, upload), upload=upload)
        for release, upload in ((release, _upload(release, view)) for release, _ in changed)
    ]


def _upload(release: Release, view: HostView) -> Upload:
    earlier = view.states.get(FILES, f"{release.home}/current") is not None
    source = release.source
    return Upload(release.site, source.digest, source.archive, f"{release.home}/releases", earlier)


def _unpack(release: Release, upload: Upload) -> str:
    making = release.making
    names = [f"release/{name}" for name in ("earlier", "prune", "paths", "have", "archive")]
    given: dict[str, str | int | Sequence[str]] = {}
    if making.commands:
        names += ["site/task", "release/build"]
        given = {"php": making.php, "without": "|".join(making.without), "limit": LONGEST}
    return script(
        *names,
        "release/unpack",
        site=release.site,
        account=release.group,
        folder=upload.folder,
        commit=release.source.commit,
        digest=release.source.digest,
        whole=upload.whole,
        parts=upload.parts,
        sum=upload.sum,
        group=release.group,
        hidden=matching(release.hidden, release.served),
        served=release.served,
        shared=making.shared,
        writable=making.writable,
        commands=making.commands,
        holds=HOLDS,
        most=release.keep - 1,  # the new one makes the served one another
        **given,
    )


def matching(patterns: Sequence[str], served: str = "") -> list[str]:
    """Tests of find that match any of `patterns`, and whatever is outside the folder `served`."""
    tests = [word for p in patterns for word in ("-o", *(("-ipath", f"./{p}") if "/" in p else ("-iname", p)))]
    if served:
        parts = served.split("/")
        way = [word for n in range(1, len(parts) + 1) for word in ("!", "-path", "./" + "/".join(parts[:n]))]
        tests += ["-o", "(", "!", "-path", ".", *way, "!", "-path", f"./{served}/*", ")"]
    return ["(", *tests[1:], ")"] if tests else ["-false"]


RELEASES = Kind("releases", ("release",), (Release,), Phase.SWITCH, probe, parse, compare, steps)
