"""Where a site's files come from: a folder, a commit of a git repository, or an archive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from lampctl.playbook.fields import OneLine, Options
from lampctl.playbook.text import Text

SHA256 = "^[0-9a-f]{64}$"
Repository = Annotated[
    str,
    Text(
        "git repository",
        "is not a repository: https://HOST/PATH, ssh://HOST/PATH, user@host:path, or a folder beside the playbook",
        "git@example.com:shop.git",
        r"(?!-|[a-z]+::)[^\x00-\x20\x7f]+",
    ),
]
Ref = Annotated[
    str,
    Text(
        "git ref",
        "is not a ref: a branch, a tag or the 40 digits of a commit",
        "main",
        r"(?![-/])(?!.*(\.\.|//|@\{|\.lock$))[A-Za-z0-9._/@+-]+(?<![/.])",
    ),
]
Folder = Annotated[
    str,
    Text(
        "folder",
        "is not a folder below another one, such as public or web/public: letters, digits and . _ - @ +",
        "public",
        r"(?!.*(^|/)\.\.?(/|$))[A-Za-z0-9.@_+][A-Za-z0-9.@_+-]*(/[A-Za-z0-9.@_+][A-Za-z0-9.@_+-]*)*",
    ),
]
Script = Annotated[
    str,
    Text(
        "script",
        "is not a PHP file of the document root, such as index.php",
        "index.php",
        r"[A-Za-z0-9_][A-Za-z0-9._-]*\.php",
    ),
]
Pattern = Annotated[
    str,
    Text(
        "exclude pattern",
        "is not a pattern, as in .gitignore",
        "tests",
        r"[^\x00-\x1f\x7f]*[^\x00-\x20\x7f!#/*]+[^\x00-\x1f\x7f]*",
    ),
]


@dataclass(frozen=True)
class Origin:
    """What a site is deployed from, which this machine reads or fetches.

    Attributes:
        field: The site's field that names it.
        path: A path relative to the playbook, or a URL.
        checksum: SHA-256 of an archive; empty: it is a folder, a file or a repository.
        ref: A branch, tag or commit of a repository; empty: it is not one.
        war: It is what a WAR holds.
        exclude: Patterns, as in .gitignore, of what is left out.
        served: The folder that is the document root; empty: all of it. A release hides the rest from the web server.
        steps: What else a release is made of, as text: other steps make another release.
        parts: What else is in it: (its folder in the release, a path or URL, its checksum or nothing).
    """

    field: str
    path: str
    checksum: str = ""
    ref: str = ""
    war: bool = False
    exclude: tuple[str, ...] = ()
    served: str = ""
    steps: str = ""
    parts: tuple[tuple[str, str, str], ...] = ()


class GitSource(Options):
    """A commit of a git repository, which this machine fetches."""

    git: Repository = Field(description="The repository: a URL, `user@host:path`, or a folder beside the playbook.")
    ref: Ref = Field("HEAD", description="A branch, a tag, or a commit by its 40 digits. Default: the default branch.")

    def origin(self, exclude: tuple[str, ...]) -> Origin:
        return Origin("source", self.git, ref=self.ref, exclude=exclude)


class ArchiveSource(Options):
    """A tarball or a ZIP file: of this machine, or one that this machine downloads."""

    archive: OneLine = Field(description="A .tar, .tar.gz, .tar.xz or .zip beside the playbook, or its https:// URL.")
    sha256: Annotated[str, Field(pattern=SHA256)] = Field(description="Its checksum.", examples=["0" * 64])

    def origin(self, exclude: tuple[str, ...]) -> Origin:
        return Origin("source", self.archive, self.sha256, exclude=exclude)


def _kind(value: Any) -> str:
    """Which of the kinds is meant: an error is about that one only."""
    if isinstance(value, ArchiveSource) or (isinstance(value, dict) and "archive" in value):
        return "archive"
    return "git" if isinstance(value, (dict, GitSource)) else "folder"


SiteSource = Annotated[
    Annotated[OneLine, Tag("folder")] | Annotated[GitSource, Tag("git")] | Annotated[ArchiveSource, Tag("archive")],
    Discriminator(_kind),
]


def origin_of(source: SiteSource, exclude: tuple[str, ...]) -> Origin:
    if isinstance(source, str):
        return Origin("source", source, exclude=exclude)
    return source.origin(exclude)
