"""What is uploaded of a release, and what the host makes of it: the archive, byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lampctl.engine.sources import read, regular
from lampctl.engine.uploads import with_uploads
from lampctl.journal.events import Event, Noted
from lampctl.resources import Step
from lampctl.resources.shell import program, script
from lampctl.resources.upload import DIGITS, SMALL, Upload, parts
from tests.unit.fake_host import FakeHost

NAMES = ("a", "with space", "two\nlines", "ünï/código", "-n", "$(id)`id`'\"", "deep/er/file")
CONTENTS = (b"", b"tiny", b"\1" * 512, b"12 abc\n" * 100, bytes(range(256)) * 5, b"other" * 700)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def source(place: Path, files: dict[str, bytes]) -> bytes:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
        (place / name).chmod(0o755 if len(content) % 2 else 0o644)
    (place / "empty").mkdir(parents=True)
    (place / "link").symlink_to("empty")
    return read(place).archive


def composed(place: Path, sections: bytes, files: dict[str, bytes]) -> subprocess.CompletedProcess[bytes]:
    """What compose.pl prints on a host that has these files."""
    rows = [f"{hashlib.sha256(content).hexdigest()}  ./{name}\0" for name, content in files.items()]
    (place / "have").write_bytes("".join(rows).encode())
    (place / "compose.pl").write_text(program("release/compose.pl"))
    return subprocess.run(
        ["perl", str(place / "compose.pl"), str(place / "have")],
        input=sections,
        cwd=place / "files",
        capture_output=True,
    )


@given(
    files=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
    there=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(CONTENTS)),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_host_makes_the_same_archive_of_parts(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], there: dict[str, bytes]
) -> None:
    place = tmp_path_factory.mktemp("parts")
    archive = source(place / "new", files)
    source(place / "files", there)
    sections = parts(archive, {digest(content) for content in there.values()})
    shared = {content for content in files.values() if len(content) >= 256} & set(there.values())
    assert bool(sections) is bool(shared)
    assert all(content not in sections for content in shared)
    if sections:
        ran = composed(place, sections, there)
        assert (ran.returncode, ran.stdout == archive) == (0, True), ran.stderr


def test_file_that_is_gone_or_has_changed_ends_the_composition(tmp_path: Path) -> None:
    archive = source(tmp_path / "files", {"a": CONTENTS[4], "b": CONTENTS[5]})
    sections = parts(archive, {digest(CONTENTS[4]), digest(CONTENTS[5])})
    there = {"a": CONTENTS[4], "b": CONTENTS[5]}
    assert composed(tmp_path, sections, {"a": CONTENTS[4]}).returncode != 0
    (tmp_path / "files/b").unlink()
    (tmp_path / "files/b").symlink_to("a")
    assert b"b: Too many levels" in composed(tmp_path, sections, there).stderr, "no link is followed"
    (tmp_path / "files/b").unlink()
    assert composed(tmp_path, sections, there).returncode != 0
    assert composed(tmp_path, sections[:-1], there).returncode != 0


def upload(site: str = "a.test", *, earlier: bool = True, size: int = SMALL) -> Upload:
    """Of a release with a file of SMALL bytes, which does not compress, and a short one."""
    archive = _archive(size)
    return Upload(site, hashlib.sha256(archive).hexdigest()[:16], archive, f"/var/www/{site}/releases", earlier)


def _archive(size: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        regular(tar, "large", random.Random(1).randbytes(size), run=False)
        regular(tar, "short", b"short\n", run=False)
    return buffer.getvalue()


LARGE = digest(random.Random(1).randbytes(SMALL))


def applied(host: FakeHost, *uploads: Upload) -> tuple[list[Step], list[str]]:
    """The steps as they are applied, and what is noted."""
    events: list[Event] = []
    steps = [
        Step("packages", "linux", ":", {"x": b"y"}),
        *(Step("release", "site", ":", upload=one) for one in uploads),
    ]
    return with_uploads(host, steps, events.append), [event.text for event in events if isinstance(event, Noted)]


@pytest.mark.parametrize("one", [upload(earlier=False), upload(size=SMALL // 2)], ids=["first", "small"])
def test_host_is_not_asked_where_it_would_save_nothing(one: Upload) -> None:
    host = FakeHost([])
    steps, notes = applied(host, one)
    assert (len(host.started), notes, list(steps[1].payload)) == (0, [], [one.whole])
    assert gzip.decompress(steps[1].payload[one.whole]) == one.archive


def test_host_is_asked_once_for_all_sites_and_each_uploads_what_its_own_releases_lack() -> None:
    host = FakeHost([f"1\t{LARGE}", "x", "7\tx", "-1\tx", f"1\t{'0' * DIGITS}"])
    first, second = upload(), upload("b.test")
    steps, notes = applied(host, first, second)
    assert len(host.started) == 1
    assert set(steps[1].payload) == {first.whole}, "what another site has is not taken"
    assert set(steps[2].payload) == {second.parts, "compose.pl"}
    assert sum(map(len, steps[2].payload.values())) < 4096
    assert [step.payload for step in steps[:1]] == [{"x": b"y"}]
    assert notes == ["1 KiB, compressed, are uploaded for the 1030 KiB of b.test: the host has the rest"]


def unpacked(batch: Path, releases: Path, one: Upload) -> subprocess.CompletedProcess[str]:
    """Run what a step runs to get the archive, in a folder of releases that the test's user owns."""
    (batch / "new").mkdir(exist_ok=True)
    text = script("release/have", "release/archive", digest=one.digest, whole=one.whole, parts=one.parts, sum=one.sum)
    text = f"batch={batch}\n{text}\ngather\ntar -x${{zipped}}pf \"$archive\" -C '{batch}/new'\n"
    text = text.replace("-user 0", f"-user {os.getuid()}")
    return subprocess.run(["sh", "-euc", text], cwd=releases, capture_output=True, text=True, check=False)


def releases_with_parts(place: Path) -> tuple[Path, Path, Upload]:
    """A batch with the parts of a release, the folder of two releases, and the upload; `aaaa` is served, `bbbb` newer."""
    batch, releases, one = place / "batch", place / "releases", upload()
    for name in ("aaaa", "bbbb"):
        (releases / name / "sub").mkdir(parents=True)
    os.utime(releases / "aaaa", (1, 1))
    (place / "current").symlink_to("releases/aaaa")
    batch.mkdir()
    for name, data in one.payload({LARGE}).items():
        (batch / name).write_bytes(data)
    return batch, releases, one


@pytest.mark.parametrize("where", ["aaaa/sub/odd\nname", "bbbb/x"], ids=["served", "newest"])
def test_parts_of_the_served_and_of_the_newest_release_are_put_together(tmp_path: Path, where: str) -> None:
    batch, releases, one = releases_with_parts(tmp_path)
    content = random.Random(1).randbytes(SMALL)
    (releases / where).write_bytes(content)
    assert unpacked(batch, releases, one).returncode == 0
    assert (batch / "new/large").read_bytes() == content
    (releases / where).write_bytes(content[:-1])
    assert refused(unpacked(batch, releases, one)), "it has changed"
    (releases / where).unlink()
    assert refused(unpacked(batch, releases, one)), "it is gone"


def test_what_others_can_write_is_not_taken(tmp_path: Path) -> None:
    batch, releases, one = releases_with_parts(tmp_path)
    file = releases / "aaaa/sub/file"
    file.write_bytes(random.Random(1).randbytes(SMALL))
    file.chmod(0o666)
    assert refused(unpacked(batch, releases, one)), "others can write it"
    file.chmod(0o644)
    file.parent.chmod(0o777)
    assert refused(unpacked(batch, releases, one)), "others can put something else in its place"
    file.parent.chmod(0o755)
    assert unpacked(batch, releases, one).returncode == 0


def refused(ran: subprocess.CompletedProcess[str]) -> bool:
    return ran.returncode != 0 and (ran.stdout + ran.stderr).count("lampctl-reason: parts") == 1
