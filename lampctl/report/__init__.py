"""Reporters: interchangeable ways to show a run. None of them decides anything."""

from __future__ import annotations

from lampctl.outcome import Reporter


def reporter(format: str, quiet: bool, several: bool) -> Reporter:
    """The reporter for `--format`; each is imported only when it is used."""
    if format == "json":
        from lampctl.report.json import JsonReporter

        return JsonReporter()
    from lampctl.report.text import TextReporter, live

    if live() and not quiet:
        from lampctl.report.live import LiveReporter

        return LiveReporter(several=several)
    return TextReporter(quiet=quiet, several=several)
