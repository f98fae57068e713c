"""The look at a host: one batch."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from lampctl import observation
from lampctl.errors import LampctlError, Refused
from lampctl.facts import nominal
from lampctl.layers import Context, Desired, desired
from lampctl.observation import Observation
from lampctl.platforms import PLATFORMS
from lampctl.playbook import Loaded
from lampctl.resources.shell import script
from lampctl.ssh import Batch, Session, Transport, as_root


def observe(
    transport: Transport,
    loaded: Loaded,
    meanwhile: Callable[[], None],
    given: Mapping[str, bytes],
) -> Observation:
    """What is there, for every platform of the table; which one it is, is part of the answer.

    `meanwhile` is called while the host looks for its answers; `given`: files that they are compared with.
    """
    asked = observation.questions(candidates(loaded))
    names = {f"{number:03d}": name for number, name in enumerate(asked)}
    boundary = f"@@{secrets.token_hex(8)}"
    files = {f"q/{number}": asked[name].encode() for number, name in names.items()}
    batch = Batch({**files, **given, "main": script("observe", boundary=boundary).encode()})
    began = time.time()
    session = transport.start(batch)
    meanwhile()
    found = sections(as_root(transport, session), boundary, lambda: cut_short(transport, session))
    raw = {names[head.strip()]: text for head, text in found if head.strip() in names}
    session.proceed()
    session.finish()
    return observation.parse(raw, (began + time.time()) / 2)


def candidates(loaded: Loaded) -> list[Desired]:
    sites = loaded.playbook.sites
    return [desired(Context.of(loaded, platform, nominal(platform.id, sites))) for platform in PLATFORMS.values()]


def cut_short(transport: Transport, session: Session) -> LampctlError:
    """Why a script did not come to its end: the connection broke, or somebody ended it on the host."""
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
    """What the playbook wants of this host; Refused where its distribution is in no table."""
    platform = PLATFORMS.get(seen.facts.platform)
    if platform is None:
        known = ", ".join(p.title for p in PLATFORMS.values())
        raise Refused(
            f"{host}: {seen.facts.title} ({seen.facts.platform}) is not supported",
            f"supported: {known}",
            kind="unsupported-distribution",
        )
    return desired(Context.of(loaded, platform, seen.facts))


def numbered(prefix: str, scripts: Sequence[str]) -> dict[str, bytes]:
    """Batch files `prefix/000`, `prefix/001`, …"""
    return {f"{prefix}/{number:03d}": script.encode() for number, script in enumerate(scripts)}
