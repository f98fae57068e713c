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
    from lampctl.outcome import Outcome, Reporter
    from lampctl.playbook import Loaded

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
    """Other options than these are a command's own, and come after it."""


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
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 2 where there are changes.")] = False,
) -> None:
    """Show what a deploy would change, files as diffs. Touches nothing."""
    outcomes, code = _run("plan", common, book, connect, hosts, False)
    if exit_code and not code and any(o.changes for o in outcomes):
        raise typer.Exit(2)
    _leave(code)


@app.command(epilog="Examples: lampctl check web1 | lampctl check web1 web2 --format json")
@grouped
def check(common: Shown, book: Book, connect: Connect, hosts: Hosts = None) -> None:
    """Check every layer of the stack, and name the hop that is broken. Changes nothing."""
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
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write; made if it is not there.")],
    platform: Annotated[
        str,
        typer.Option(
            "--platform",
            metavar="ID",
            help="For which distribution; lampctl playbook show lists them.",
            autocompletion=words.platforms,
        ),
    ] = "debian-13",
) -> None:
    """Render the config files without a host, as for one of 2 GiB of memory and 2 cores."""
    from lampctl.engine.library import Files
    from lampctl.engine.offline import rendered, write

    written = write(rendered(book.playbook, book.settings or [], platform, Files(), book.environment), out)
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
) -> tuple[list[Outcome], int]:
    """The outcomes, and the exit code that they come to."""
    from lampctl.cli.output import outputs, places
    from lampctl.engine.library import Files
    from lampctl.engine.offline import validate_templates
    from lampctl.engine.run import Request, run
    from lampctl.playbook import load
    from lampctl.playbook.fleet import database_hosts
    from lampctl.ssh import target

    wanted = outputs(common.format or [])
    if ask and not wanted.talks:
        said = f"--ask asks a person, and --format {' '.join(wanted.stdout)} is for programs"
        raise UsageError(said, "leave one of them out")
    files = Files()
    loaded = load(book.playbook, book.settings or [], files, book.environment)
    names, config = _hosts(command, connect, hosts or [], loaded, _environments(loaded, book))
    targets = [target(name) for name in names]
    validate_templates(loaded, files)
    shown = wanted.reporter(common.quiet, len({*names, *database_hosts(loaded)}) > 1, places(loaded))
    request = Request(
        command,
        loaded,
        _options(connect, config, shown, wanted.talks),
        files.template,
        (lambda host, plan: confirm(host, plan, shown)) if ask else None,
    )
    with showing(shown):
        outcomes = run(request, targets, shown)
        shown.finish(command, outcomes)
    if common.debug:
        _trace(outcomes)
    return outcomes, wanted.exit_code(outcomes)


def _environments(loaded: Loaded, book: Book) -> str:
    if book.environment or not loaded.environments:
        return ""
    return f", or --env NAME, which is one of {', '.join(loaded.environments)}"


def _leave(code: int) -> None:
    if code:
        raise typer.Exit(code)


def _trace(outcomes: list[Outcome]) -> None:
    import traceback

    for outcome in outcomes:
        if outcome.error:
            traceback.print_exception(outcome.error)


def _hosts(
    command: str, connect: Connect, given: list[str], loaded: Loaded, more: str
) -> tuple[list[str], Path | str | None]:
    """(hosts of the sites, the ssh_config that knows them): given, else the playbook's or all of Vagrant's.

    `more`: another way to name some.
    """
    from lampctl.playbook.fleet import database_hosts

    databases = database_hosts(loaded)  # come along with the hosts of the sites
    if connect.vagrant:
        from lampctl.ssh.vagrant import machines

        if connect.config:
            raise UsageError("--vagrant and -F exclude each other", "Vagrant says by itself how to reach its machines")
        found = machines([*given, *(host for host in databases if given and host not in given)])
        if missing := [host for host in databases if host not in found.names]:
            machines(missing)  # says why not
        return [name for name in found.names if name not in databases], found.config
    names = [name for name in dict.fromkeys(given or loaded.playbook.hosts) if name not in databases]
    if databases and not names:
        raise UsageError(
            f"no host for the sites: {databases[0]} has their databases",
            f"lampctl {command} HOST, or hosts: in the playbook; {databases[0]} comes along",
        )
    if not names:
        raise UsageError(
            "no host: none was named, and the playbook has none",
            f"lampctl {command} HOST, or hosts: in the playbook{more}",
        )
    return names, connect.config or _box_config([*names, *databases])


def _options(connect: Connect, config: Path | str | None, shown: Reporter, talks: bool):  # type: ignore[no-untyped-def]
    from lampctl.ssh import ConnectOptions

    interactive = sys.stdin.isatty() and talks
    return ConnectOptions(
        key=connect.key,
        config=config,
        user=connect.user,
        port=connect.port,
        sudo_password=sudo_password() if connect.ask_sudo_pass else None,
        accept_new_host_key=connect.accept_new_host_key,
        timeout=connect.timeout,
        wait=connect.wait,
        ask_host_key=(lambda question: trusted(question, shown)) if interactive else None,
    )


def _box_config(hosts: list[str]) -> Path | None:
    """Boxes are known by their names, without a line in ~/.ssh/config."""
    from lampctl.box import Boxes

    boxes = Boxes()
    return boxes.ssh_config if any(boxes.get(host) for host in hosts) else None
