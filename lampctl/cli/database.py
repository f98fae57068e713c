"""db: a client of a site's own database, and dumps of it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from lampctl.cli.everyday import Site, on_site
from lampctl.cli.options import Always, Connect, Host, grouped
from lampctl.cli.running import leave
from lampctl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    Texts = tuple[list[str], list[str]]


Execute = Annotated[
    str | None,
    typer.Option("--execute", "-e", metavar="SQL", help="Run this, print what the client prints, and end."),
]
Dump = Annotated[
    str | None,
    typer.Option(
        "--dump",
        metavar="FILE",
        help="Write a dump to FILE on this machine, compressed if it ends in .gz; - is stdout.",
    ),
]
Load = Annotated[
    str | None,
    typer.Option(
        "--load",
        metavar="FILE",
        help="Load a dump, SQL as text or gzip; - is stdin. What is there is dumped on the host first, and loaded back "
        "if the load fails. The path of such a safety dump, as it is printed, is one on the host.",
    ),
]
Replace = Annotated[
    list[str] | None,
    typer.Option(
        "--replace",
        metavar="OLD",
        help="With --load: replace this text by that of --with in all text columns of the database, also in PHP's "
        "serialized values, whose lengths are kept right. Repeatable, with as many --with.",
    ),
]
With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="NEW", help="What OLD becomes: --replace https://old.test --with https://new.test."),
]


@grouped
def db(
    always: Always,
    connect: Connect,
    host: Host,
    site: Site,
    execute: Execute = None,
    dump: Dump = None,
    load: Load = None,
    replace: Replace = None,
    by: With = None,
) -> None:
    """Open a client of a site's own database, with the site's own login; or run SQL, dump it, load a dump.

    It has a terminal where stdin and stdout are one, else it reads SQL from stdin; it ends with the client's exit code.
    """
    if [execute, dump, load].count(None) < 2:
        raise UsageError("--execute, --dump and --load are one at a time", "lampctl db --help")
    if (replace or by) and load is None:
        raise UsageError("--replace needs --load", "lampctl db HOST SITE --load FILE --replace OLD --with NEW")
    if dump is not None:
        _dump(host, site, connect, dump)
    elif load is not None:
        _load(host, site, connect, load, (lambda _: None) if always.quiet else _print, (replace or [], by or []))
    else:
        _client(host, site, connect, execute)


def _client(host: str, site: str, connect: Connect, statement: str | None) -> None:
    from lampctl.engine import database

    with on_site(host, site, connect) as (transport, record):
        if statement is None:
            code = database.client(transport, record)
        else:
            code = database.execute(transport, record, statement)
    leave(code)


def _dump(host: str, site: str, connect: Connect, path: str) -> None:
    from lampctl.engine import database
    from lampctl.engine.dumps import saved

    with saved(path) as write, on_site(host, site, connect) as (transport, record):
        database.dump(transport, record, path, write)


def _load(host: str, site: str, connect: Connect, path: str, tell: Callable[[str], None], texts: Texts) -> None:
    from lampctl.engine.dumps import opened
    from lampctl.engine.loading import STORE, Loader
    from lampctl.engine.replacing import checked

    pairs = checked(*texts)
    kept = PurePosixPath(path)
    if kept.is_relative_to(STORE):
        if kept.parent != PurePosixPath(STORE, site):
            raise UsageError(f"--load {path}: it is not a safety dump of {site}", f"they are in {STORE}/{site}")
        with on_site(host, site, connect) as (transport, record):
            Loader(transport, record, kept.name, tell, pairs).from_host(kept.name)
        return
    if path == "-" and connect.ask_sudo_pass:
        raise UsageError("--load - and --ask-sudo-pass both read stdin", "name the dump's file")
    with opened(path) as (read, size), on_site(host, site, connect) as (transport, record):
        Loader(transport, record, "stdin" if path == "-" else path, tell, pairs).from_here(read, size)


def _print(line: str) -> None:
    print(line, flush=True)
