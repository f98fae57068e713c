"""lampctl from Python: what the command line does, with outcomes as values. `import lampctl` offers all of it.

Errors that are found before any host is contacted raise: UsageError, PlaybookError. Later ones belong to one host
and are in its outcome: `error`, or the culprit among `results`. `raise_for_failure()` raises them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from lampctl.errors import UsageError
from lampctl.keywords import Checking, Confirm, Deploying, Expected, OnEvent, Options, Settings, Undoing
from lampctl.outcome import Outcome, Outcomes

if TYPE_CHECKING:
    from lampctl.ssh import Connection, ConnectOptions


@overload
def deploy(hosts: str | Connection, **options: Unpack[Deploying]) -> Outcome: ...  # type: ignore[overload-overlap]
@overload
def deploy(hosts: Sequence[str | Connection] | None = ..., **options: Unpack[Deploying]) -> Outcomes: ...
def deploy(
    hosts: str | Connection | Sequence[str | Connection] | None = None,
    *,
    playbook: str | Path = "lamp",
    settings: Settings = (),
    environment: str = "",
    connect: ConnectOptions | None = None,
    on_event: OnEvent | None = None,
    confirm: Confirm | None = None,
    take_over: str = "",
) -> Outcome | Outcomes:
    """Bring hosts to the state that a playbook describes, and prove that the sites work.

    Args:
        hosts: A name, a fabric.Connection, or a sequence such as a fabric.Group. None: the playbook's hosts.
        playbook, environment: A built-in playbook, or a YAML file; and which of its environments.
        settings: Replace values of the playbook: `{"php.memory_limit": "256M"}`, or `KEY=VALUE` as with `--set`.
        connect: How to reach hosts that are named by text.
        on_event: Called with one event at a time, from other threads. What it raises is raised when the run has ended.
        confirm: Called with a host and its changes before they are applied; False declines them.
        take_over: The playbook whose resources become this one's, as with `--take-over`.

    Returns:
        The outcome of one host, or the Outcomes of several. The database hosts are added.

    Raises:
        UsageError: Such as one host whose databases are on another: give a list. PlaybookError: it is not valid.
    """
    return _run("deploy", hosts, playbook, settings, environment, connect, on_event, confirm, take_over=take_over)


@overload
def plan(hosts: str | Connection, **options: Unpack[Options]) -> Outcome: ...  # type: ignore[overload-overlap]
@overload
def plan(hosts: Sequence[str | Connection] | None = ..., **options: Unpack[Options]) -> Outcomes: ...
def plan(
    hosts: str | Connection | Sequence[str | Connection] | None = None,
    *,
    playbook: str | Path = "lamp",
    settings: Settings = (),
    environment: str = "",
    connect: ConnectOptions | None = None,
    on_event: OnEvent | None = None,
) -> Outcome | Outcomes:
    """Find what a deploy would change, files as diffs: the `changes` of the outcome. Changes nothing.

    Args, Returns and Raises are those of `deploy`.
    """
    return _run("plan", hosts, playbook, settings, environment, connect, on_event)


@overload
def check(hosts: str | Connection, **options: Unpack[Checking]) -> Outcome: ...  # type: ignore[overload-overlap]
@overload
def check(hosts: Sequence[str | Connection] | None = ..., **options: Unpack[Checking]) -> Outcomes: ...
def check(
    hosts: str | Connection | Sequence[str | Connection] | None = None,
    *,
    playbook: str | Path = "lamp",
    settings: Settings = (),
    environment: str = "",
    connect: ConnectOptions | None = None,
    on_event: OnEvent | None = None,
    deep: bool = False,
) -> Outcome | Outcomes:
    """Check every layer of the stack: the `results` of the outcome. Changes nothing.

    Args:
        deep: Also what takes long or asks other hosts, and each page of `probe`, as with `--deep`.

    The other Args, Returns and Raises are those of `deploy`.
    """
    return _run("check", hosts, playbook, settings, environment, connect, on_event, deep=deep)


@overload
def undo(hosts: str | Connection, **options: Unpack[Undoing]) -> Outcome: ...  # type: ignore[overload-overlap]
@overload
def undo(hosts: Sequence[str | Connection] | None = ..., **options: Unpack[Undoing]) -> Outcomes: ...
def undo(
    hosts: str | Connection | Sequence[str | Connection] | None = None,
    *,
    playbook: str | Path = "lamp",
    settings: Settings = (),
    environment: str = "",
    connect: ConnectOptions | None = None,
    on_event: OnEvent | None = None,
    confirm: Confirm | None = None,
    to: str = "",
) -> Outcome | Outcomes:
    """Bring back the files from before a run, as a run of its own, and prove that what worked then works.

    Args:
        to: The run: its id in the host's journal, or the beginning or end of it; without it, the playbook's last run.

    The other Args, Returns and Raises are those of `deploy`.
    """
    return _run("undo", hosts, playbook, settings, environment, connect, on_event, confirm, undo=True, undo_to=to)


def render(
    playbook: str | Path = "lamp", *, platform: str = "debian-13", settings: Settings = (), environment: str = ""
) -> dict[str, str]:
    """Render the config files of a playbook without a host, as for one with 2 GiB of memory and 2 cores.

    Returns:
        Path on the host → content.

    Raises:
        PlaybookError: The playbook, a value or a template is invalid.
        UsageError: `platform` is unknown.
    """
    from lampctl.engine.library import Files
    from lampctl.engine.offline import rendered

    return rendered(str(playbook), _settings(settings), platform, Files(), environment)


@overload
def smoke(urls: str, **options: Unpack[Expected]) -> Outcome: ...  # type: ignore[overload-overlap]
@overload
def smoke(urls: Sequence[str], **options: Unpack[Expected]) -> Outcomes: ...
def smoke(
    urls: str | Sequence[str],
    *,
    expect: Sequence[str] = (),
    status: int = 200,
    max_ms: float | None = None,
    retries: int = 0,
    wait: float = 0,
    timeout: float = 10,
    on_event: OnEvent | None = None,
) -> Outcome | Outcomes:
    """Check URLs from outside: DNS, TCP, TLS, redirects, status, text and time. Needs no SSH.

    Args:
        expect: Texts that the page must contain.
        status: Expected after redirects.
        max_ms: Fail if the page takes longer, in milliseconds.
        retries, wait: Times, or seconds, to keep trying a URL that fails.
        timeout: Seconds to wait for a connection or an answer.

    Returns:
        The outcome of one URL, or the Outcomes of several; `host` is the URL.

    Raises:
        UsageError: A URL is not valid.
    """
    every = [urls] if isinstance(urls, str) else list(dict.fromkeys(urls))
    outcomes = _smoke(every, (status, tuple(expect), max_ms), (timeout, retries, wait), on_event)
    return outcomes[0] if isinstance(urls, str) else outcomes


def _smoke(
    urls: Sequence[str],
    wanted: tuple[int, tuple[str, ...], float | None],
    patience: tuple[float, int, float],
    on_event: OnEvent | None,
) -> Outcomes:
    from lampctl.engine.listener import Listener
    from lampctl.engine.smoke import Patience, smoke
    from lampctl.urls.checks import Wanted
    from lampctl.urls.url import Url

    listener = Listener(on_event)
    outcomes = smoke([Url.parse(url) for url in urls], Wanted(*wanted), Patience(*patience), listener)
    listener.raise_caught()
    return outcomes


def _run(
    command: str,
    hosts: str | Connection | Sequence[str | Connection] | None,
    playbook: str | Path,
    settings: Settings,
    environment: str,
    connect: ConnectOptions | None,
    on_event: OnEvent | None,
    confirm: Confirm | None = None,
    **more: Any,
) -> Outcome | Outcomes:
    """Run a command. `more`: fields of Choices."""
    from lampctl.engine import job
    from lampctl.engine.listener import Listener
    from lampctl.engine.work import Choices
    from lampctl.ssh import ConnectOptions

    one, named = _named(hosts)
    connect = connect or ConnectOptions()
    book = job.Book(str(playbook), _settings(settings), environment)
    ready = job.prepare(command, named, book, Choices(**more), connect.config)
    if one and len(ready.hosts) > 1:
        raise _several(command, ready.hosts)
    listener = Listener(on_event)
    outcomes = ready.run(listener, connect, confirm)
    listener.raise_caught()
    return outcomes[0] if one else outcomes


def _several(command: str, hosts: Sequence[str]) -> UsageError:
    return UsageError(
        f"{hosts[0]} has databases of {hosts[-1]}, so there are {len(hosts)} outcomes",
        f"give a list, and get a list: {command}([host])",
    )


def _named(hosts: str | Connection | Sequence[str | Connection] | None) -> tuple[bool, list[str | Connection]]:
    """(was it one host; the hosts)."""
    if hosts is None:
        return False, []
    if isinstance(hosts, Sequence) and not isinstance(hosts, str):
        return False, list(hosts)
    return True, [hosts]


def _settings(settings: Settings) -> list[str]:
    """`KEY=VALUE` of each; JSON is YAML."""
    if isinstance(settings, Mapping):
        return [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    return list(settings)
