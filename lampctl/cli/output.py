"""Where the reports of a run go: `--format FORMAT[:FILE]`, repeatable, with at most one document on stdout."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lampctl.checks import Result
from lampctl.errors import LampctlError, UsageError, guess
from lampctl.legible import inert
from lampctl.outcome import Outcome, Outcomes, Reporter, health
from lampctl.report import FORMATS, Composite, Document, Report, renderer
from lampctl.report.document import Place, nowhere

if TYPE_CHECKING:
    from lampctl.playbook import Loaded

# GitHub's runner finds its commands anywhere in a log, so they can follow the text on stdout.
_MIXES = ({"text"}, {"text", "github"})


@dataclass(frozen=True)
class Output:
    """One `--format`. `path`: None for stdout."""

    format: str
    path: Path | None = None


@dataclass(frozen=True)
class Outputs:
    """All outputs of a command; stdout gets text if no other format goes there."""

    every: tuple[Output, ...]

    @property
    def stdout(self) -> set[str]:
        return {output.format for output in self.every if output.path is None}

    @property
    def can_ask(self) -> bool:
        """Is stdout read by a person, who can answer questions?"""
        return "text" in self.stdout

    def reporter(self, quiet: bool, several: bool, place: Place = nowhere) -> Composite:
        """The reporter of all outputs. Files come first: stdout can then report that one can't be written."""
        ordered = sorted(self.every, key=lambda output: (output.path is None, output.format != "text"))
        return Composite([_reporter(output, quiet, several, place) for output in ordered])

    def exit_code(self, outcomes: Sequence[Outcome]) -> int:
        """The worst exit code of the hosts; that of a Nagios plugin if stdout is for Nagios."""
        if "nagios" in self.stdout:
            return int(health(outcomes))
        return int(Outcomes(outcomes).exit_code)


def outputs(specs: Sequence[str]) -> Outputs:
    """Parse the values of `--format`. UsageError if they conflict or a file can't be written."""
    found = list(dict.fromkeys(map(_parse, specs)))
    shown = {output.format for output in found if output.path is None}
    if len(shown) > 1 and shown not in _MIXES:
        hint = "give all but one a file: --format junit:report.xml"
        raise UsageError(f"--format: {' and '.join(sorted(shown))} can't both be on stdout", hint, kind="output")
    paths = [output.path.resolve() for output in found if output.path]
    for output in found:
        if output.path:
            _check_writable(output.path)
            if paths.count(output.path.resolve()) > 1:
                raise UsageError(f"--format: two reports go to {output.path}", "give each its own file", kind="output")
    return Outputs(tuple(found) if shown else (Output("text"), *found))


def places(loaded: Loaded) -> Place:
    """Find the place in the playbook that a check is about: its site, else its layer, else the top."""

    def place(result: Result | None) -> tuple[str, int] | None:
        site = result.id.partition("@")[2] if result else ""
        for path in (("sites", site), (result.layer if result else "",), ("extends",), ()):
            at = loaded.document.positions.get(path)
            if at and at.line and Path(at.file).is_file():  # the user can't edit built-in playbooks
                return os.path.relpath(at.file), at.line
        return None

    return place


def _parse(spec: str) -> Output:
    name, colon, file = spec.partition(":")
    if name not in FORMATS:
        raise UsageError(
            f"--format {spec}: {name} is not a format",
            f"{guess(name, FORMATS)}Formats: {', '.join(FORMATS)}",
            kind="output",
        )
    if colon and not file:
        raise UsageError(
            f"--format {spec} names no file", f"--format {name}:FILE, or --format {name} for stdout", kind="output"
        )
    return Output(name, Path(file).expanduser() if colon else None)


def _check_writable(path: Path) -> None:
    """Raise UsageError if it is clear before the run that a file can't be written."""
    folder = path.resolve().parent
    if path.is_dir():
        raise UsageError(f"--format: {path} is a directory", "name a file in it", kind="output")
    if not folder.is_dir():
        raise UsageError(
            f"--format: {path} can't be written: no such directory: {folder}",
            "create it first",
            kind="output",
        )
    if not os.access(folder, os.W_OK | os.X_OK) and not _is_special(path):
        raise UsageError(
            f"--format: {path} can't be written: this user can't write to {folder}",
            "name another directory",
            kind="output",
        )


def _reporter(output: Output, quiet: bool, several: bool, place: Place) -> Reporter:
    if output.format == "text":
        from lampctl.report.text import TextReporter, live

        if output.path:
            return _TextFile(output.path, several)
        if live() and not quiet:
            from lampctl.report.live import LiveReporter

            return LiveReporter(several=several)
        return TextReporter(quiet=quiet, several=several)
    return Document(renderer(output.format), partial(_write, output.path), place)


class _TextFile(Composite):
    """Plain text in a file, as it would be in a pipe."""

    def __init__(self, path: Path, several: bool) -> None:
        from lampctl.report.text import TextReporter

        self._path = path
        self._text = io.StringIO()
        super().__init__([TextReporter(quiet=False, several=several, stream=self._text)])

    def finish(self, command: str, outcomes: Sequence[Outcome]) -> None:
        super().finish(command, outcomes)
        _write(self._path, self._text.getvalue())


def _write(path: Path | None, text: str) -> None:
    """Write to stdout, or to a file: a reader sees either the old content or all of the new."""
    if path is None:
        sys.stdout.write(text)
        return
    try:
        if _is_special(path):
            path.write_text(text, encoding="utf-8", errors="replace")
        else:
            _replace(_resolve(path), text.encode(errors="replace"))
    except OSError as error:
        message = f"--format: {path} can't be written: {error.strerror}"
        raise LampctlError(message, "the run itself was finished", kind="output") from None


def _is_special(path: Path) -> bool:
    """Is it a pipe or a device? Those are written to, not replaced."""
    return (path.is_absolute() and path.parts[1] in ("dev", "proc")) or (path.exists() and not path.is_file())


def _replace(path: Path, content: bytes) -> None:
    """Replace by rename. The temporary file is in the same directory, with a random name that no collector reads."""
    import tempfile

    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    try:
        with open(handle, "wb") as stream:  # noqa: PTH123
            stream.write(content)
            os.fchmod(handle, mode)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Read the umask, which is only possible by setting it: to a strict value, for that moment."""
    found = os.umask(0o077)
    os.umask(found)
    return found


def _resolve(path: Path) -> Path:
    """The target of a link. PermissionError for another user's link in a sticky directory (fs.protected_symlinks)."""
    if path.is_symlink():
        folder = path.parent.stat()
        sticky = folder.st_mode & 0o1002 == 0o1002
        if sticky and path.lstat().st_uid not in (os.geteuid(), folder.st_uid):
            raise PermissionError(
                errno.EACCES, "it is another user's link in a directory that everybody can write to", str(path)
            )
    return path.resolve()


def report_error(specs: Sequence[str], command: str, error: LampctlError) -> int:
    """Show an error that ended a command before it had outcomes, in every format; return the exit code."""
    import time

    report = Report(command, (), error, time.time())
    found = []
    for spec in specs:
        with suppress(UsageError):
            found.append(_parse(spec))
    stdout = [output.format for output in found if output.path is None]
    if error.kind != "output":  # the files themselves are the problem
        for output in found:
            with suppress(LampctlError, UsageError):
                if output.path:
                    _check_writable(output.path)
                    _write(
                        output.path, error_text(error) if output.format == "text" else renderer(output.format)(report)
                    )
    document = next((format for format in stdout if format != "text"), "")
    if document:
        _write(None, renderer(document)(report))
    if document in ("", "github"):
        sys.stderr.write(error_text(error))
    return int(health((), error)) if document == "nagios" else int(error.exit_code)


def error_text(error: LampctlError) -> str:
    """Format an error for people."""
    lines = [f"lampctl: {error.message}", *(f"    {inert(line)}" for line in error.evidence.splitlines())]
    return "\n".join([*lines, *([f"  → {error.hint}"] if error.hint else [])]) + "\n"
