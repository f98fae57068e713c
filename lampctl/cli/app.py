"""deploy, plan, check, undo and render; the other commands are groups of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lampctl.cli import running, words
from lampctl.cli.box import box
from lampctl.cli.completion import completion
from lampctl.cli.database import db
from lampctl.cli.doctor import doctor
from lampctl.cli.everyday import run, shell
from lampctl.cli.explain import explain
from lampctl.cli.history import attach, history
from lampctl.cli.init import init
from lampctl.cli.logs import logs
from lampctl.cli.maintenance import maintenance
from lampctl.cli.options import Book, Common, Connect, Format, HostsOrListed, RunOptions, Version, grouped
from lampctl.cli.playbook import playbook
from lampctl.cli.releases import releases, rollback
from lampctl.cli.running import leave
from lampctl.cli.smoke import smoke
from lampctl.cli.status import status
from lampctl.errors import UsageError

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


TakeOver = Annotated[
    str,
    typer.Option(
        "--take-over",
        metavar="ID",
        help="What the playbook ID made on the host becomes this playbook's. A plan names the playbooks.",
        show_default=False,
    ),
]


Undo = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="RUN",
        help="The run to go back before: its id in lampctl history HOST, or the beginning or end of it. Without it, "
        "the last run.",
        show_default=False,
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
    common: RunOptions,
    book: Book,
    connect: Connect,
    hosts: HostsOrListed = None,
    ask: Annotated[bool, typer.Option("--ask", help="Show the plan and ask before applying it.")] = False,
    take_over: TakeOver = "",
) -> None:
    """Bring hosts to the state that a playbook describes, and prove that the sites work."""
    leave(running.run("deploy", common, book, connect, hosts, ask=ask, take_over=take_over)[1])


@app.command(epilog="Examples: lampctl plan web1 | lampctl plan web1 --exit-code -q && echo nothing to do")
@grouped
def plan(
    common: RunOptions,
    book: Book,
    connect: Connect,
    hosts: HostsOrListed = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 2 if there are changes.")] = False,
    take_over: TakeOver = "",
    undo: Annotated[bool, typer.Option("--undo", help="Show what `lampctl undo` would change.")] = False,
    to: Undo = "",
) -> None:
    """Show what a deploy would change, files as diffs. Changes nothing."""
    if to and not undo:
        raise UsageError("--to belongs to --undo", "lampctl plan HOST --undo --to RUN")
    outcomes, code = running.run("plan", common, book, connect, hosts, take_over=take_over, undo=undo, undo_to=to)
    if exit_code and not code and any(o.changes for o in outcomes):
        raise typer.Exit(2)
    leave(code)


@app.command(epilog="Examples: lampctl check web1 | lampctl check web1 web2 --format json")
@grouped
def check(
    common: RunOptions,
    book: Book,
    connect: Connect,
    hosts: HostsOrListed = None,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep", help="Also each page of a site's `probe`, and what takes long: certbot rehearses each renewal."
        ),
    ] = False,
) -> None:
    """Check every layer of the stack, and name the broken hop. Changes nothing."""
    leave(running.run("check", common, book, connect, hosts, deep=deep)[1])


app.command(
    epilog="Examples: lampctl smoke https://shop.example.com --expect Basket --max-ms 800"
    " | lampctl smoke https://shop.example.com/health --wait 60 --format junit:smoke.xml"
)(smoke)


@app.command(
    epilog="Examples: lampctl undo web1 -p site.yml | lampctl undo web1 -p site.yml --to 3f2a"
    " | lampctl plan web1 -p site.yml --undo"
)
@grouped
def undo(
    common: RunOptions,
    book: Book,
    connect: Connect,
    hosts: HostsOrListed = None,
    to: Undo = "",
    ask: Annotated[bool, typer.Option("--ask", help="Show the plan and ask before applying it.")] = False,
) -> None:
    """Bring back the files from before a run, and prove that what worked then works. Data is never deleted.

    It is a run of its own, and can be undone.
    """
    leave(running.run("undo", common, book, connect, hosts, ask=ask, undo=True, undo_to=to)[1])


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


app.command(
    epilog="Examples: lampctl history web1 | lampctl history web1 3f2a --format junit:report.xml"
    " | lampctl history web1 --format json"
)(history)
app.command(epilog="Example: lampctl attach web1")(attach)
app.command(epilog="Examples: lampctl rollback web1 | lampctl rollback web1 shop.test --to 5f2c9a")(rollback)
app.command(epilog="Examples: lampctl releases web1 | lampctl releases web1 shop.test --format json")(releases)
app.command(epilog="Examples: lampctl status web1 | lampctl status web1 web2 --format json")(status)
app.command(
    epilog="Examples: lampctl run web1 shop.test -- php artisan migrate:status"
    " | lampctl run web1 shop.test -- sh -c 'ls | wc -l' | lampctl run web1 shop.test -- php -r 'echo PHP_VERSION;'"
)(run)
app.command(epilog="Example: lampctl shell web1 shop.test")(shell)
app.command(
    epilog="Examples: lampctl logs web1 shop.test -f | lampctl logs web1 --since 1h"
    " | lampctl logs web1 shop.test --since yesterday --format json"
)(logs)
app.command(
    epilog="Examples: lampctl db web1 shop.test | lampctl db web1 shop.test -e 'SHOW TABLES'"
    " | lampctl db web1 shop.test --dump shop.sql.gz | lampctl db web1 shop.test --load shop.sql.gz"
    " | lampctl db web1 shop.test --load old.sql --replace https://old.test --with https://shop.test"
)(db)
app.command(
    epilog="Examples: lampctl maintenance on web1 shop.test --retry-after 600 --page soon.html"
    " | lampctl maintenance on web1 shop.test --allow 203.0.113.7 --allow 2001:db8::/48"
    " | lampctl maintenance off web1 shop.test"
)(maintenance)
app.command(
    epilog="Examples: lampctl init --from ./shop --site shop.test | lampctl init blog.yml --type wordpress --host web1"
)(init)
app.command(epilog="Example: lampctl doctor")(doctor)
app.command(epilog="Examples: lampctl explain php.fastcgi | lampctl explain 'sites.*.tls'")(explain)
app.command(epilog="Example: lampctl completion bash > ~/.local/share/bash-completion/completions/lampctl")(completion)
