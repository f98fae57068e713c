"""lampctl smoke: URLs from outside, without SSH."""

from __future__ import annotations

from typing import Annotated

import typer

from lampctl.cli.options import Shown, grouped

Urls = Annotated[list[str], typer.Argument(metavar="URL", help="http:// or https://, as a visitor has it.")]


@grouped
def smoke(
    common: Shown,
    urls: Urls,
    expect: Annotated[
        list[str] | None, typer.Option("--expect", metavar="TEXT", help="The page has to have this text. Repeatable.")
    ] = None,
    status: Annotated[
        int, typer.Option("--status", metavar="CODE", min=100, max=599, help="Of the answer, after redirects.")
    ] = 200,
    max_ms: Annotated[
        float | None, typer.Option("--max-ms", metavar="N", min=1, help="The page may take so many milliseconds.")
    ] = None,
    retries: Annotated[
        int, typer.Option("--retries", metavar="N", min=0, help="Try a URL that fails so many times more.")
    ] = 0,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="Try a URL that fails again for so long.")
    ] = 0,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Of one connection, and of the answer.")
    ] = 10,
) -> None:
    """Check URLs from outside alone: DNS, TCP, TLS, redirects, status, text and time. Needs no SSH."""
    from lampctl.cli.output import outputs
    from lampctl.cli.terminal import showing
    from lampctl.engine.smoke import Patience
    from lampctl.engine.smoke import smoke as run
    from lampctl.layers.urls import Url, Wanted

    wanted = outputs(common.format or [])
    every = [Url.parse(text) for text in dict.fromkeys(urls)]
    shown = wanted.reporter(common.quiet, len(every) > 1)
    with showing(shown):
        outcomes = run(every, Wanted(status, tuple(expect or ()), max_ms), Patience(timeout, retries, wait), shown)
    if code := wanted.exit_code(outcomes):
        raise typer.Exit(code)
