"""lampctl smoke: URLs from outside, without SSH."""

from __future__ import annotations

from typing import Annotated

import typer

from lampctl.cli.options import Shown, grouped

Urls = Annotated[list[str], typer.Argument(metavar="URL", help="http:// or https://, as a visitor types it.")]


@grouped
def smoke(
    common: Shown,
    urls: Urls,
    expect: Annotated[
        list[str] | None,
        typer.Option("--expect", metavar="TEXT", help="Fail if the page does not contain TEXT. Repeatable."),
    ] = None,
    status: Annotated[
        int, typer.Option("--status", metavar="CODE", min=100, max=599, help="Expected status, after redirects.")
    ] = 200,
    max_ms: Annotated[
        float | None, typer.Option("--max-ms", metavar="N", min=1, help="Fail if the page takes longer than N ms.")
    ] = None,
    retries: Annotated[
        int, typer.Option("--retries", metavar="N", min=0, help="Retry a URL that fails up to N times.")
    ] = 0,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="Retry a URL that fails for up to SECONDS.")
    ] = 0,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", metavar="SECONDS", min=0.1, help="Time limit of a connection, and of a whole answer."
        ),
    ] = 10,
) -> None:
    """Check URLs from outside: DNS, TCP, TLS, redirects, status, text and time. Needs no SSH."""
    from lampctl.cli.output import outputs
    from lampctl.cli.terminal import showing
    from lampctl.engine.smoke import Patience
    from lampctl.engine.smoke import smoke as run
    from lampctl.smoke.checks import Wanted
    from lampctl.smoke.url import Url

    wanted = outputs(common.format or [])
    every = [Url.parse(text) for text in dict.fromkeys(urls)]
    shown = wanted.reporter(common.quiet, len(every) > 1)
    with showing(shown):
        outcomes = run(every, Wanted(status, tuple(expect or ()), max_ms), Patience(timeout, retries, wait), shown)
        shown.finish("smoke", outcomes)
    if code := wanted.exit_code(outcomes):
        raise typer.Exit(code)
