"""The command line. Importing it is cheap: each command imports what it needs when it runs."""

from __future__ import annotations

import errno
import gc
import itertools
import os
import select
import signal
import sys
from collections.abc import Sequence
from typing import Any

from lampctl.errors import Exit, LampctlError, UsageError

# 128 + the signal's number, as in shells: SIGINT, SIGTERM, SIGPIPE
INTERRUPTED = 130
TERMINATED = 143
BROKEN_PIPE = 141
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)


class Terminated(KeyboardInterrupt):
    """SIGTERM. Like Ctrl-C it restores the terminal, and every format gets its report."""


def main() -> None:
    """The entry point: the one place that turns errors into a message and an exit code."""
    gc.disable()  # imports create no garbage; looking for it takes a tenth of a short run's time
    try:
        signal.signal(signal.SIGTERM, _terminate)
        if sys.stdout:  # a terminal that can't show ✓ must not end a deploy
            sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        code = _main(sys.argv[1:])
        _flush()
    except KeyboardInterrupt as caught:  # outside the command itself
        code = _signal_exit_code(caught)
    except BrokenPipeError:
        code = BROKEN_PIPE
    except OSError as error:
        print(f"lampctl: can't write the output: {error.strerror}", file=sys.stderr)
        code = Exit.FAILED
    # Threads that are still connected to hosts are not waited for: after Ctrl-C that can take minutes.
    os._exit(code)


def _terminate(*_: Any) -> None:
    raise Terminated


def _signal_exit_code(caught: KeyboardInterrupt) -> int:
    return TERMINATED if isinstance(caught, Terminated) else INTERRUPTED


def _main(arguments: list[str]) -> int:
    from typer.main import get_command

    from lampctl.cli.app import app

    command = get_command(app)
    if (line := os.environ.get("_LAMPCTL_COMPLETE")) is not None:  # a shell asks for completions
        from lampctl.cli.completion import print_candidates

        print_candidates(command, line, _find_command)
        return Exit.OK
    before_dashes = list(itertools.takewhile(lambda word: word != "--", arguments))
    try:
        return _run(command, arguments)
    except (KeyboardInterrupt, Exception) as caught:
        if isinstance(caught, BrokenPipeError) and _output_closed():
            raise
        if "--debug" in before_dashes:
            import traceback

            traceback.print_exc()
        error = _as_lampctl_error(caught)
        from lampctl.cli.output import report_error

        found, names = _find_command(command, before_dashes)
        code = report_error(_formats(found, before_dashes), " ".join(names), error)
        return _signal_exit_code(caught) if isinstance(caught, KeyboardInterrupt) else code


def _run(command: Any, arguments: list[str]) -> int:
    """Run a Typer command without Typer's own error messages and exits; its usage errors become UsageError."""
    import typer

    found, names = _find_command(command, arguments)
    if len(names) == len(arguments) and hasattr(found, "commands"):
        arguments = [*arguments, "--help"]  # a group without a command
    try:
        with command.make_context("lampctl", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.Abort:
        raise LampctlError("the question was not answered: nothing was changed", kind="aborted") from None
    except Exception as error:
        if hasattr(error, "format_message"):  # Typer's usage errors have no public name
            raise _usage(error) from None
        raise
    return Exit.OK


def _usage(error: Any) -> UsageError:
    message = " ".join(error.format_message().split()).replace("Value error, ", "").rstrip(".")
    path = error.ctx.command_path if getattr(error, "ctx", None) else "lampctl"
    return UsageError(message[:1].lower() + message[1:], f"{path} --help lists the options")


def _find_command(command: Any, arguments: Sequence[str]) -> tuple[Any, list[str]]:
    """Find the command, and the words that name it: `playbook validate x.yml` → playbook, validate."""
    names: list[str] = []
    for word in arguments:
        subcommand = getattr(command, "commands", {}).get(word)
        if subcommand is None:
            break
        names.append(word)
        command = subcommand
    return command, names


def _formats(command: Any, arguments: Sequence[str]) -> list[str]:
    """The values of `--format`, even if Typer could not parse the arguments. Only runs have formats other than JSON."""
    found = []
    for word, after in itertools.pairwise([*arguments, ""]):
        if word == "--format":
            found.append(after)
        elif word.startswith("--format="):
            found.append(word.partition("=")[2])
    repeatable = any(parameter.name == "format" and parameter.multiple for parameter in command.params)
    return found if repeatable else [format for format in found[-1:] if format == "json"]


def _as_lampctl_error(error: BaseException) -> LampctlError:
    if isinstance(error, LampctlError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return LampctlError(
            "interrupted: what had begun on a host is finished or rolled back there",
            "lampctl attach HOST follows a run in progress; lampctl check HOST shows the host's state",
            kind="interrupted",
        )
    if isinstance(error, OSError) and error.filename is None and error.errno in _UNWRITABLE:
        return LampctlError(
            f"can't write the output: {error.strerror}", "free space there, or write elsewhere", kind="output"
        )
    message = f"unexpected: {type(error).__name__}: {error}"
    return LampctlError(message, "this is a bug of lampctl; --debug shows where", kind="bug")


def _output_closed() -> bool:
    """Is stdout or stderr closed at the other end? A lost connection to a host can raise the same error."""
    poll = select.poll()
    for stream in (sys.stdout, sys.stderr):
        if stream:
            poll.register(stream, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _flush() -> None:
    """Write what is buffered while an error can still be reported."""
    for stream in (sys.stdout, sys.stderr):
        if stream:
            stream.flush()
