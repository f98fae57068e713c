"""What is uploaded of a release: its archive, without the content of files that the site's releases on the host have.

The host puts that content back where it was, so what it unpacks is the archive, byte for byte; it compares the SHA-256.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lampctl.resources.shell import program

SMALL = 1 << 20  # bytes of an archive that is uploaded whole: a round trip takes as long as what it would save
DIGITS = 20  # of the SHA-256 of a file, by which the host names its content
_TINY = 256  # bytes of a file whose content is uploaded in any case: its name would take nearly as many
_LEVEL = 6  # of gzip; 9 takes twice as long for a hundredth less


@dataclass(frozen=True)
class Upload:
    """The archive of a release of `site`, a tar; a step unpacks it that calls `gather` of host/release/archive.sh.

    Attributes:
        digest: Names the archive.
        folder: Of the site's releases on the host.
        earlier: Whether there are any.
    """

    site: str
    digest: str
    archive: bytes = field(repr=False)
    folder: str
    earlier: bool

    @property
    def divisible(self) -> bool:
        """Whether it is worth asking what the host has of it."""
        return self.earlier and len(self.archive) > SMALL

    @property
    def whole(self) -> str:
        """The name of the whole archive among the files of a batch."""
        return f"{self.digest}.tar.gz"

    @property
    def parts(self) -> str:
        """The name of what is uploaded if the host has some of it: other sites may have other files."""
        return f"{self.site}.parts.gz"

    @cached_property
    def sum(self) -> str:
        """The SHA-256 of the archive."""
        return hashlib.sha256(self.archive).hexdigest()

    def payload(self, present: Collection[str]) -> Mapping[str, bytes]:
        """The files of the batch, by name. `present`: the first DIGITS of the SHA-256 of each content on the host."""
        sections = parts(self.archive, present) if present else b""
        if not sections:
            return {self.whole: gzip.compress(self.archive, _LEVEL, mtime=0)}
        return {
            self.parts: gzip.compress(sections, _LEVEL, mtime=0),
            "compose.pl": program("release/compose.pl").encode(),
        }


def parts(archive: bytes, present: Collection[str]) -> bytes:
    """A tar as sections; empty if no file of it is `present`.

    A section is a line with the number of its bytes and the digest of the file whose content follows them, then the
    bytes. The last one has no file.
    """
    found, last = io.BytesIO(), 0
    for start, end in _contents(archive):
        name = hashlib.sha256(archive[start:end]).hexdigest()[:DIGITS]
        if name in present:
            found.write(b"%d %s\n" % (start - last, name.encode()))
            found.write(archive[last:start])
            last = end
    if last:
        found.write(b"%d\n" % (len(archive) - last))
        found.write(archive[last:])
    return found.getvalue()


def _contents(archive: bytes) -> Iterator[tuple[int, int]]:
    """Where the content of each file that is not tiny begins and ends."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if member.isreg() and member.size >= _TINY:
                yield member.offset_data, member.offset_data + member.size
