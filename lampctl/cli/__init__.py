"""The command line. Importing it is cheap: what a command needs, it imports when it runs."""

from __future__ import annotations

import gc
import itertools
import sys

from lampctl.errors import Exit, LampctlError


def main() -> None:
    """The entry point: one place turns errors into a message and an exit code."""
    gc.disable()  # imports make no garbage, and to look for it takes a tenth of a short run
    from lampctl.cli.app import app

    debug = "--debug" in sys.argv
    as_json = "json" in _values("--format")
    try:
        app()
    except LampctlError as error:
        if debug:
            raise
        _show(error, as_json)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("\ninterrupted: what had begun on a host goes on to its end there, or is undone", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except Exception as error:
        if debug:
            raise
        unexpected = LampctlError(
            f"unexpected: {type(error).__name__}: {error}",
            "this is a bug of lampctl; --debug shows where",
            kind="bug",
        )
        _show(unexpected, as_json)
        sys.exit(Exit.FAILED)


def _values(option: str) -> list[str]:
    arguments = sys.argv[1:]
    split = [text.split("=", 1)[1] for text in arguments if text.startswith(f"{option}=")]
    return split + [after for before, after in itertools.pairwise(arguments) if before == option]


def _show(error: LampctlError, as_json: bool) -> None:
    if as_json:
        from lampctl.report.json import failure

        failure(next((word for word in sys.argv[1:] if not word.startswith("-")), ""), error)
        return
    print(f"lampctl: {error.message}", file=sys.stderr)
    for line in error.evidence.splitlines():
        print(f"    {line}", file=sys.stderr)
    if error.hint:
        print(f"  → {error.hint}", file=sys.stderr)
