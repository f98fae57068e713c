"""Log files as the host reads them: the times of all formats, how much of a file, and how it is followed."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

PROGRAM = Path(__file__).parents[2] / "lampctl/host/everyday/read.pl"
MOMENT = 1795846616  # 2026-11-28 06:16:56 UTC
# In the zone of the host, one hour east of UTC where a line says none.
STAMPS = {
    '1.2.3.4 - - [28/Nov/2026:06:16:56 +0000] "GET / HTTP/1.1" 200': 0,
    '1.2.3.4 - - [28/Nov/2026:08:16:56 +0200] "GET / HTTP/1.1" 200': 0,
    '1.2.3.4 - [01/Jan/2001:00:00:00 +0000] x [28/Nov/2026:06:16:56 +0000] "GET / HTTP/1.1" 200': 0,  # as a user's name
    r'1.2.3.4 - "a\"[01/Jan/2001:00:00:00 +0000] \"" [28/Nov/2026:06:16:56 +0000] "GET / HTTP/1.1" 200': None,
    "[Sat Nov 28 07:16:56.250000 2026] [proxy:error] [pid 9] AH01071": 0.25,
    "[Sat Nov 28 07:16:56 2026] [core:notice] x": 0,
    "2026/11/28 07:16:56 [error] 9#9: *1 open() failed": 0,
    "2026-11-28T06:16:56Z x": 0,
    "2026-11-28T06:16:56.125+00:00 [error] x": 0.125,
    "[2026-11-28 07:16:56] production.ERROR: boom": 0,
    "[2026-11-28T07:16:56.500000+01:00] app.ERROR: boom": 0.5,
    "[2026-11-28 06:16:56 +0000] [7] [INFO] Booting worker": 0,
    "2026-11-28 07:16:56,123 ERROR django.request": 0.123,
    "[28-Nov-2026 06:16:56 UTC] PHP Warning:  x": 0,
    '{"level":50,"time":1795846616042,"msg":"x"}': 0.042,
    '{"level":"error","timestamp":"2026-11-28T06:16:56.000Z"}': 0,
    "#0 /var/www/a.php(3): 2026-11-28 06:16:56": None,
    "2026-13-28 06:16:56 x": None,
    "2026-11-28 99:16:56 x": None,
    "": None,
}


def read(
    *paths: Path, most: int = 100, bytes: int = 1 << 20, since: int = 0, whose: str = "site-a", zone: str = "UTC"
) -> list[tuple[int, float, str]]:
    """What read.pl prints."""
    argv = ["perl", PROGRAM, "0", most, bytes, since, whose, *paths]
    ran = subprocess.run([*map(str, argv)], capture_output=True, text=True, check=True, env={**os.environ, "TZ": zone})
    rows = [line.split("\t", 2) for line in ran.stdout.splitlines()]
    assert rows.pop() == ["-"]
    return [(int(row[0]), -1.0 if row[1] == "!" else float(row[1]), "".join(row[2:])) for row in rows]


@pytest.mark.parametrize("line", STAMPS)
def test_times_of_all_formats_are_understood(line: str, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text(f"[2026-11-28T05:00:00Z] before\n{line}\n")
    os.utime(log, (0, 0))  # it says nothing of the zone
    before = datetime(2026, 11, 28, 5, tzinfo=UTC).timestamp()
    wanted = STAMPS[line]
    assert read(log, zone="<+01>-1")[1:] == [(0, before if wanted is None else MOMENT + wanted, line)]


@pytest.mark.parametrize("hours", [-9.5, 0, 5.75])
def test_an_application_s_own_zone_is_found(hours: float, tmp_path: Path) -> None:
    log = tmp_path / "laravel.log"
    shown = datetime.fromtimestamp(MOMENT + hours * 3600, UTC)
    log.write_text(f"[{shown:%Y-%m-%d %H:%M:%S}] production.ERROR: boom\n#0 trace\n")
    os.utime(log, (MOMENT + 2, MOMENT + 2))
    assert [time for _, time, _ in read(log, zone="<+01>-1")] == [MOMENT, MOMENT]


def test_only_the_last_lines_of_a_huge_file_are_read(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    with log.open("w") as file:
        file.truncate(1 << 40)  # sparse: to read all of it takes for ever
        file.seek(1 << 40)
        file.write("".join(f"2026-11-28T06:16:{number % 60:02d}Z {number}\n" for number in range(1000)))
    assert [text.split()[1] for _, _, text in read(log, most=3)] == ["997", "998", "999"]
    index, time, _ = read(log, most=5000, bytes=65536, since=1000)[0]
    assert (index, time) == (0, -1.0)  # it says that there may be more


def test_a_rotated_log_is_read_as_far_as_it_is_needed(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("2026-11-28T06:02:00Z new\n2026-11-28T06:03:00Z newest")
    (tmp_path / "a.log.1").write_text("2026-11-28T06:00:00Z oldest\ntrace\n2026-11-28T06:01:00Z old\n")
    assert [text.rpartition(" ")[2] for _, _, text in read(log)] == ["oldest", "trace", "old", "new", "newest"]
    assert [text.rpartition(" ")[2] for _, _, text in read(log, most=2)] == ["new", "newest"]
    since = int(datetime(2026, 11, 28, 6, 1, tzinfo=UTC).timestamp())
    assert [text.rpartition(" ")[2] for _, _, text in read(log, since=since)] == ["old", "new", "newest"]


DAY = 86400


def rotated(folder: Path, numbers: range, text: str = "") -> Path:
    """A log of `MOMENT`, and what logrotate keeps: one of each day before, the first of them not compressed yet."""
    for number in numbers:
        time = MOMENT - number * DAY
        lines = text or f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ} {number}\n"
        path = folder / ("a.log" + (f".{number}" if number else "") + (".gz" if number > 1 else ""))
        path.write_bytes(gzip.compress(lines.encode(), 1) if number > 1 else lines.encode())
        os.utime(path, (time, time))
    return folder / "a.log"


@pytest.mark.parametrize(("days", "shown"), [(0, "0"), (1, "10"), (2, "210"), (4, "43210"), (99, "543210")])
def test_compressed_logs_are_read_as_far_back_as_the_time(tmp_path: Path, days: int, shown: str) -> None:
    log = rotated(tmp_path, range(6))
    assert "".join(text[-1] for _, _, text in read(log, since=MOMENT - days * DAY)) == shown


def test_compressed_logs_are_read_for_a_time_only_and_not_past_a_gap(tmp_path: Path) -> None:
    log = rotated(tmp_path, range(6))
    assert [text[-1] for _, _, text in read(log)] == ["1", "0"]
    assert [text[-1] for _, _, text in read(log, most=1, since=1)] == ["0"]
    (tmp_path / "a.log.4.gz").write_bytes(b"\x1f\x8bbroken")
    assert [text[-1] for _, _, text in read(log, since=1)] == ["5", "3", "2", "1", "0"]
    (tmp_path / "a.log.3.gz").unlink()
    assert [text[-1] for _, _, text in read(log, since=1)] == ["2", "1", "0"]


def test_no_more_of_a_compressed_log_is_kept_than_the_bytes(tmp_path: Path) -> None:
    """512 MiB in 0.5 MiB; and the bytes are those of all files of a log."""
    log = rotated(tmp_path, range(2))
    line = b"2026-11-26T06:16:56Z " + 1002 * b"x" + b"\n"
    (tmp_path / "a.log.2.gz").write_bytes(gzip.compress(1024 * line, 1) * 512)
    rotated(tmp_path, range(3, 4))
    found = read(log, since=1, bytes=70_000)
    assert found[0][1] == -1.0  # it says that there may be more
    assert [text[-1] for _, _, text in found[1:]] == [*"x" * 68, "1", "0"]


def test_a_compressed_log_that_takes_too_long_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = rotated(tmp_path, range(4))
    (tmp_path / "gzip").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "gzip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    began = monotonic()
    assert [(time == -1.0, text[-1:]) for _, time, text in read(log, log, since=1)] == [
        (True, ""), (False, "1"), (False, "0"), (True, ""), (False, "1"), (False, "0")
    ]  # fmt: skip
    assert monotonic() - began < 9


def test_no_lines_of_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").touch()
    assert read(tmp_path / "fifo", tmp_path, tmp_path / "empty", tmp_path / "missing", Path("/dev/zero")) == []


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory that only root can change, as /var/log is."""
    if os.geteuid():
        pytest.skip("root only")
    folder = Path("/var/log/lampctl-test-logs")
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_root_reads_only_what_no_one_else_can_replace(closed: Path, tmp_path: Path) -> None:
    (closed / "a.log").write_text("2026-11-28T06:16:56Z fine\n")
    (closed / "link.log").symlink_to("/etc/passwd")
    (closed / "theirs").mkdir(mode=0o777)
    os.chown(closed / "theirs", 65534, 65534)
    (closed / "theirs/b.log").write_text("2026-11-28T06:16:56Z bad\n")
    (tmp_path / "c.log").write_text("2026-11-28T06:16:56Z bad\n")
    paths = [closed / name for name in ("a.log", "link.log", "theirs/b.log")]
    assert [index for index, _, _ in read(*paths, tmp_path / "c.log", whose="root")] == [0]


def follower(*paths: Path) -> subprocess.Popen[str]:
    argv = ["perl", PROGRAM, "1", "0", "65536", "0", "site-a", *paths]
    return subprocess.Popen([*map(str, argv)], stdout=subprocess.PIPE, text=True)


def lines_of(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout
    return [process.stdout.readline().rstrip("\n").split("\t", 2)[-1] for _ in range(count)]


def test_following_survives_rotation_and_truncation(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    process = follower(log, tmp_path / "later.log")
    try:
        assert lines_of(process, 1) == ["-"]
        writer = log.open("a")
        print("2026-11-28T06:16:56Z one\nhalf", end="", file=writer, flush=True)
        assert lines_of(process, 1) == ["2026-11-28T06:16:56Z one"]
        log.rename(tmp_path / "a.log.1")
        log.write_text("new file\n")
        assert lines_of(process, 1) == ["new file"]
        print(" a line", file=writer, flush=True)  # the writer has not noticed yet
        assert lines_of(process, 1) == ["half a line"]
        log.write_text("short\n")
        assert lines_of(process, 1) == ["short"]
        (tmp_path / "later.log").write_text("there now\n")
        assert lines_of(process, 1) == ["there now"]
    finally:
        process.kill()
        process.communicate()
