"""What an apply uploads of releases: only the files whose content is not in the releases of that site on the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lampctl.answers import parse_int, rows
from lampctl.journal.events import Event, Noted
from lampctl.resources import Step
from lampctl.resources.shell import script
from lampctl.resources.upload import Upload
from lampctl.ssh import Batch, Transport, ask
from lampctl.ssh.limits import waiting

LIMIT = 60  # seconds that the host reads the files of a site's releases


def with_uploads(transport: Transport, steps: Sequence[Step], emit: Callable[[Event], None]) -> list[Step]:
    """The steps with the files that they unpack. Asks the host once, if an earlier release may have some of them.

    Raises:
        Unreachable: The connection broke, or root can't be had.
    """
    divisible = [step.upload for step in steps if step.upload and step.upload.divisible]
    present = _present(transport, divisible) if divisible else {}
    return [_with_upload(transport.host, step, step.upload, present, emit) if step.upload else step for step in steps]


def _with_upload(
    host: str, step: Step, upload: Upload, present: Mapping[str, frozenset[str]], emit: Callable[[Event], None]
) -> Step:
    payload = upload.payload(present.get(upload.folder, frozenset()))
    if upload.parts in payload:
        sent, size = len(payload[upload.parts]), len(upload.archive)
        text = f"{_kib(sent)}, compressed, are uploaded for the {_kib(size)} of {upload.site}: the host has the rest"
        emit(Noted(host, text))
    return replace(step, payload={**step.payload, **payload}, upload=None)


def _present(transport: Transport, uploads: Sequence[Upload]) -> dict[str, frozenset[str]]:
    """Folder of releases → the digests of what they have."""
    folders = list(dict.fromkeys(upload.folder for upload in uploads))
    text = script("release/have", "release/present", folders=folders, limit=LIMIT)
    limits = waiting(LIMIT * len(folders))
    answer = ask(transport, Batch({"main": text.encode(), "enter.sh": script("enter").encode()}, limits))
    found: dict[str, set[str]] = {}
    for number, digest in rows("\n".join(answer), 2):
        place = parse_int(number)
        if place is not None and 0 <= place < len(folders):
            found.setdefault(folders[place], set()).add(digest)
    return {folder: frozenset(digests) for folder, digests in found.items()}


def _kib(size: int) -> str:
    return f"{(size + 1023) >> 10} KiB"
