"""lampctl smoke: URLs from outside, without SSH."""

from __future__ import annotations

from typing import Annotated

import typer

from lampctl.cli.options import RunOptions, grouped

Urls = Annotated[list[str], typer.Argument(metavar="URL", help="http:// or https://, as a visitor types it.")]
Expect = Annotated[
    list[str] | None,
    typer.Option("--expect", metavar="TEXT", help="Fail if the page does not contain this text. Repeatable."),
]
Status = Annotated[
    int, typer.Option("--status", metavar="CODE", min=100, max=599, help="Expected status, after redirects.")
]
MaxMs = Annotated[
    float | None, typer.Option("--max-ms", metavar="N", min=1, help="Fail if the page takes longer than N ms.")
]
Retries = Annotated[int, typer.Option("--retries", metavar="N", min=0, help="Times to try again a URL that fails.")]
Wait = Annotated[
    float, typer.Option("--wait", metavar="SECONDS", min=0, help="Seconds to keep trying a URL that fails.")
]
Timeout = Annotated[
    float,
    typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Time limit of a connection, and of a whole answer."),
]


@grouped
def smoke(
    common: RunOptions,
    urls: Urls,
    expect: Expect = None,
    status: Status = 200,
    max_ms: MaxMs = None,
    retries: Retries = 0,
    wait: Wait = 0,
    timeout: Timeout = 10,
) -> None:
    """Check URLs from outside: DNS, TCP, TLS, redirects, status, text and time. Needs no SSH."""
    from lampctl.cli.output import outputs
    from lampctl.cli.terminal import showing
    from lampctl.engine.smoke import Patience
    from lampctl.engine.smoke import smoke as run
    from lampctl.urls.checks import Wanted
    from lampctl.urls.url import Url

    wanted = outputs(common.format or [])
    targets = [Url.parse(text) for text in dict.fromkeys(urls)]
    reporter = wanted.reporter(common.quiet, len(targets) > 1)
    with showing(reporter):
        outcomes = run(targets, Wanted(status, tuple(expect or ()), max_ms), Patience(timeout, retries, wait), reporter)
    if code := wanted.exit_code(outcomes):
        raise typer.Exit(code)
