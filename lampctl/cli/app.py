"""deploy, plan, check and render; the other commands are groups of their own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli import words
from lampctl.cli.box import box
from lampctl.cli.completion import completion
from lampctl.cli.doctor import doctor
from lampctl.cli.explain import explain
from lampctl.cli.init import init
from lampctl.cli.options import Book, Common, Connect, Format, Shown, Version, grouped
from lampctl.cli.playbook import playbook
from lampctl.cli.smoke import smoke
from lampctl.cli.terminal import confirm, showing, sudo_password, trusted
from lampctl.errors import UsageError

if TYPE_CHECKING:
    from lampctl.outcome import Outcomes, Reporter
    from lampctl.ssh import ConnectOptions

app = typer.Typer(
    name="lampctl",
    help="Takes a bare Linux host to a LAMP site that is proved to work, layer by layer.",
    epilog="Start with: lampctl plan HOST, lampctl deploy HOST. A throwaway host to try it on: lampctl box up demo",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,  # `lampctl completion` does it
)
app.add_typer(playbook)
app.add_typer(box)

Hosts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="HOST", help="user@host:port, an alias of ~/.ssh/config, a box, or local.", autocompletion=words.hosts
    ),
]


@app.callback()
def root(version: Version = False) -> None:
    """Other options belong to a command and come after it."""


@app.command(
    epilog="Examples: lampctl deploy web1 | lampctl deploy root@10.0.0.5:2222 -p site.yml --set php.memory_limit=256M"
)
@grouped
def deploy(
    common: Shown,
    book: Book,
    connect: Connect,
    hosts: Hosts = None,
    ask: Annotated[bool, typer.Option("--ask", help="Show the plan and ask before applying it.")] = False,
) -> None:
    """Bring hosts to the state that a playbook describes, and prove that the sites work."""
    _leave(_run("deploy", common, book, connect, hosts, ask)[1])


@app.command(epilog="Examples: lampctl plan web1 | lampctl plan web1 --exit-code -q && echo nothing to do")
@grouped
def plan(
    common: Shown,
    book: Book,
    connect: Connect,
    hosts: Hosts = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 2 if there are changes.")] = False,
) -> None:
    """Show what a deploy would change, files as diffs. Changes nothing."""
    outcomes, code = _run("plan", common, book, connect, hosts, False)
    if exit_code and not code and any(o.changes for o in outcomes):
        raise typer.Exit(2)
    _leave(code)


@app.command(epilog="Examples: lampctl check web1 | lampctl check web1 web2 --format json")
@grouped
def check(common: Shown, book: Book, connect: Connect, hosts: Hosts = None) -> None:
    """Check every layer of the stack, and name the broken hop. Changes nothing."""
    _leave(_run("check", common, book, connect, hosts, False)[1])


app.command(
    epilog="Examples: lampctl smoke https://shop.example.com --expect Basket --max-ms 800"
    " | lampctl smoke https://shop.example.com/health --wait 60 --format junit:smoke.xml"
)(smoke)


@app.command(epilog="Example: lampctl render -p site.yml --platform debian-12 --out rendered")
@grouped
def render(
    common: Common,
    book: Book,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Directory to write to; created if missing.")],
    platform: Annotated[
        str,
        typer.Option(
            "--platform",
            metavar="ID",
            help="The distribution; lampctl playbook show lists them.",
            autocompletion=words.platforms,
        ),
    ] = "debian-13",
) -> None:
    """Render the config files without a host, as for one with 2 GiB of memory and 2 cores."""
    from lampctl import api
    from lampctl.engine.offline import write

    files = api.render(book.playbook, platform=platform, settings=book.settings or [], environment=book.environment)
    written = write(files, out)
    if common.format is Format.JSON:
        import json

        print(json.dumps({"command": "render", "ok": True, "files": [str(path) for path in written]}, indent=2))
    elif not common.quiet:
        print("\n".join(str(path) for path in written))


app.command(epilog="Examples: lampctl init | lampctl init blog.yml --type wordpress --host web1 --site blog.test")(init)
app.command(epilog="Example: lampctl doctor")(doctor)
app.command(epilog="Examples: lampctl explain php.fastcgi | lampctl explain 'sites.*.tls'")(explain)
app.command(epilog="Example: lampctl completion bash > ~/.local/share/bash-completion/completions/lampctl")(completion)


def _run(
    command: str, common: Shown, book: Book, connect: Connect, hosts: list[str] | None, ask: bool
) -> tuple[Outcomes, int]:
    """The outcomes and the exit code."""
    from lampctl.cli.output import outputs, places
    from lampctl.engine import job

    wanted = outputs(common.format or [])
    if ask and not wanted.talks:
        message = f"--ask asks a person, and --format {' '.join(wanted.stdout)} is for programs"
        raise UsageError(message, "leave one of them out")
    chosen = job.Book(book.playbook, book.settings or [], book.environment)
    ready = job.prepare(command, hosts or [], chosen, connect.config, connect.vagrant)
    shown = wanted.reporter(common.quiet, len(ready.hosts) > 1, places(ready.loaded))
    options = _options(connect, shown, wanted.talks)
    with showing(shown):
        outcomes = ready.run(shown, options, (lambda host, changes: confirm(host, changes, shown)) if ask else None)
    if common.debug:
        _trace(outcomes)
    return outcomes, wanted.exit_code(outcomes)


def _options(connect: Connect, shown: Reporter, talks: bool) -> ConnectOptions:
    from lampctl.ssh import ConnectOptions

    interactive = sys.stdin.isatty() and talks
    return ConnectOptions(
        key=connect.key,
        user=connect.user,
        port=connect.port,
        sudo_password=sudo_password() if connect.ask_sudo_pass else None,
        accept_new_host_key=connect.accept_new_host_key,
        timeout=connect.timeout,
        wait=connect.wait,
        ask_host_key=(lambda question: trusted(question, shown)) if interactive else None,
    )


def _leave(code: int) -> None:
    if code:
        raise typer.Exit(code)


def _trace(outcomes: Outcomes) -> None:
    import traceback

    for outcome in outcomes:
        if outcome.error:
            traceback.print_exception(outcome.error)
