"""The look at a host: one batch."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from lampctl import observation
from lampctl.errors import LampctlError, Refused, Unreachable
from lampctl.facts import fullest
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Session, Transport, as_root

LIMIT = 15  # seconds that one question may take


def observe(
    transport: Transport,
    loaded: Loaded,
    meanwhile: Callable[[], None],
    given: Mapping[str, bytes],
) -> Observation:
    """What is there, for every platform of the table; which one it is, is part of the answer.

    `meanwhile` is called while the host looks for its answers; `given`: files that they are compared with.
    """
    answers, when = _ask(transport, observation.questions(candidates(loaded)), given, meanwhile)
    return observation.parse(answers, when)


def progress(transport: Transport) -> tuple[str, str]:
    """The host's generation, and who holds its lock: cheap, and it asks no service. Raises as `observe`."""
    answers, _ = _ask(transport, observation.PROGRESS)
    return answers.get("generation", "").strip(), answers.get("lock", "").strip()


def _ask(
    transport: Transport,
    asked: Mapping[str, str],
    given: Mapping[str, bytes] = MappingProxyType({}),
    meanwhile: Callable[[], None] = lambda: None,
) -> tuple[dict[str, str], float]:
    """Question -> answer, and this machine's clock when the host answered."""
    names = {f"{number:03d}": name for number, name in enumerate(asked)}
    boundary = f"@@{secrets.token_hex(8)}"
    files = {f"q/{number}": asked[name].encode() for number, name in names.items()}
    batch = Batch({**files, **given, "main": script("observe", boundary=boundary, limit=LIMIT).encode()})
    began = time.time()
    session = transport.start(batch)
    meanwhile()
    rows = sections(as_root(transport, session), boundary, lambda: cut_short(transport, session))
    found = ((head.strip(), text) for head, text in rows)
    raw = dict(found)
    session.proceed()
    session.finish()
    if late := [name for number, name in names.items() if f"late {number}" in raw]:
        raise _no_answer(transport.host, late)
    answers = {names[number]: text for number, text in raw.items() if number in names}
    return answers, (began + time.time()) / 2


def _no_answer(host: str, questions: list[str]) -> Unreachable:
    return Unreachable(
        f"{host}: no answer within {LIMIT} s: {', '.join(questions)}",
        "something on the host hangs: look at its load, its disks and the services that this is about",
        kind="timeout",
    )


def candidates(loaded: Loaded) -> list[Desired]:
    sites = loaded.playbook.sites
    hosts = [(p, fullest(p.id, sites, (names.package for names in p.web.values()))) for p in PLATFORMS.values()]
    return [desired(Context.from_loaded(loaded, platform, facts)) for platform, facts in hosts]


def cut_short(transport: Transport, session: Session) -> LampctlError:
    """Why a script ended early: the connection broke, or the script was killed on the host."""
    code, stderr = session.finish()
    return LampctlError(
        f"{transport.host}: what ran on the host ended early (exit code {code})",
        "rerun lampctl",
        kind="died",
        evidence=stderr,
    )


def sections(lines: Iterator[str], boundary: str, cut_short: Callable[[], LampctlError]) -> Iterator[tuple[str, str]]:
    """(what follows the boundary on its line, the text below it), each when the next begins; to `end`.

    Half an answer is none: what is missing in it would look as if it were missing on the host.
    """
    head: str | None = None
    text: list[str] = []
    for line in lines:
        if not line.startswith(boundary):
            text.append(line)
            continue
        if head is not None:
            yield head, "\n".join(text)
        head, text = line[len(boundary) + 1 :], []
        if head == "end":  # the script may still be there, waiting for us
            return
    raise cut_short()


def wanted(host: str, loaded: Loaded, seen: Observation) -> Desired:
    """The desired state of this host. Refused if its distribution is not in the table of platforms."""
    platform = PLATFORMS.get(seen.facts.platform)
    if platform is None:
        known = ", ".join(p.title for p in PLATFORMS.values())
        raise Refused(
            f"{host}: {seen.facts.title} ({seen.facts.platform}) is not supported",
            f"supported: {known}",
            kind="unsupported-distribution",
        )
    return desired(Context.from_loaded(loaded, platform, seen.facts))


def numbered(prefix: str, scripts: Sequence[str]) -> dict[str, bytes]:
    """Batch files `prefix/000`, `prefix/001`, …"""
    return {f"{prefix}/{number:03d}": script.encode() for number, script in enumerate(scripts)}
