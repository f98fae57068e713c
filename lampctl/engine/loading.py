"""Loading a dump into a site's database: what is there is dumped first, and loaded back if the load fails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread

from lampctl.engine import replacing
from lampctl.engine.database import not_begun, parameters
from lampctl.engine.dumps import Inspection
from lampctl.engine.everyday import stop
from lampctl.engine.records import Record
from lampctl.engine.refused import failure, refusal
from lampctl.engine.replacing import Pair
from lampctl.errors import Interrupted, LampctlError, Unreachable
from lampctl.legible import one_line
from lampctl.resources.shell import program, script
from lampctl.ssh import Batch, Transport
from lampctl.ssh.batch import BEGIN
from lampctl.ssh.limits import READ_LIMITS
from lampctl.ssh.relay import Read
from lampctl.ssh.transport import Wire, not_root

STORE = "/var/lib/lampctl/dumps"  # a directory for each site, on its host
_MOST = 40  # lines to keep of a client's messages
_DIGITS = 18
_STOPPABLE = ("load", "replace")
_CHANGING = (*_STOPPABLE, "restore")


@dataclass
class _Load:
    """What a host has said of a load. `stage`: with the unit that can be stopped."""

    stage: str = ""
    unit: str = ""
    safety: str = ""
    end: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    interrupted: bool = False
    replacing: bool = False
    address: str = ""


class Loader:
    """One load. `dump`: its name in messages; `tell` gets lines for the user; `pairs`: texts to replace in the data."""

    def __init__(
        self, transport: Transport, record: Record, dump: str, tell: Callable[[str], None], pairs: Sequence[Pair] = ()
    ) -> None:
        self._transport, self._record, self._dump, self._tell = transport, record, dump, tell
        self._known = parameters(transport.host, record)
        self._name = self._known["database"]
        self._load = _Load()
        self._pairs = pairs
        self._unsent: Exception | None = None
        self._rest = b""  # of a line

    def from_here(self, read: Read, size: int) -> None:
        """Load what `read` gives, `size` bytes (0: not known).

        Raises:
            LampctlError: It was not loaded; the message says what the database has now.
        """
        trailer = f"@@{secrets.token_hex(16)}"
        wire = self._wire("", size, trailer)
        Thread(target=self._send, args=(wire, read, trailer), daemon=True).start()
        self._follow(wire)

    def from_host(self, name: str) -> None:
        """Load a safety dump of the host.

        Raises:
            LampctlError: As above, or the host has no such dump.
        """
        self._follow(self._wire(name, 0, "@@"))

    def _wire(self, name: str, size: int, trailer: str) -> Wire:
        length = len(trailer) + 1 + _DIGITS
        more: dict[str, str | int] = {"name": name, "size": size, "boundary": trailer, "length": length}
        more["pairs"] = replacing.encoded(self._pairs)
        main = script("enter", "site/task", "db/login", "db/load", **self._known, **more)
        return self._transport.wire(Batch({"main": main.encode(), "replace.pl": program("db/replace.pl").encode()}))

    def _send(self, wire: Wire, read: Read, trailer: str) -> None:
        """Send the dump and, if it is one, the trailer: the host loads nothing without it."""
        inspection = Inspection(self._dump, self._name)
        try:
            for chunk in inspection.chunks(read):
                wire.write(chunk)
            wire.write(f"{trailer} {inspection.size:{_DIGITS}d}".encode())
        except (OSError, EOFError, LampctlError) as error:
            self._unsent = error
        with suppress(OSError, EOFError):
            wire.write(b"")

    def _follow(self, wire: Wire) -> None:
        stderr = _Stderr(wire)
        while True:
            try:
                self._read(wire)
                break
            except KeyboardInterrupt as caught:
                self._interrupt(caught)
        try:
            code = wire.finish()
        except Unreachable as error:
            raise Unreachable(error.message, self._left(), kind=error.kind, evidence=error.evidence) from error
        stderr.join()
        self._judge(code, stderr.text)

    def _read(self, wire: Wire) -> None:
        while chunk := wire.read():
            *lines, rest = (self._rest + chunk).split(b"\n")
            self._rest = rest[-READ_LIMITS.line :]
            for line in lines:
                self._hear(*one_line(line.decode(errors="replace")).partition(" ")[::2])

    def _hear(self, word: str, rest: str) -> None:
        load = self._load
        if word == BEGIN:
            load.stage = "begun"
        elif word == "stage":
            load.stage, _, load.unit = rest.partition(" ")
            load.replacing = load.replacing or load.stage == "replace"
        elif word == "safety":
            load.safety = rest[:500]
            self._tell(f"safety dump: {load.safety}")
        elif word == "unfinished":
            self._tell(f"the load before this one did not end; what was there before it: {rest[:500]}")
        elif word == "replaced":
            self._tell(replacing.report(rest))
        elif word == "siteurl":
            load.address = replacing.unhex(rest)
        elif word == "note":
            self._tell(f"note of the safety dump: {rest[:500]}")
        elif word in ("error", "failure"):
            kept = load.errors if word == "error" else load.failures
            kept.append(rest[:2000])
            del kept[:-_MOST]
        elif word == "end":
            load.end = rest.split(" ")

    def _interrupt(self, caught: KeyboardInterrupt) -> None:
        """Before the load nothing was changed. A load is stopped, and the host loads the safety dump back meanwhile."""
        load, again = self._load, f"if it does not succeed: {self._again()}"
        if load.stage not in _CHANGING:
            self._stop()
            raise Interrupted(f"interrupted before the load: {self._name} is as it was") from caught
        if load.interrupted:
            raise Interrupted(
                f"interrupted: {self._transport.host} goes on to load the safety dump back into {self._name}", again
            ) from caught
        load.interrupted = True
        self._tell("interrupted: what was there is loaded back; Ctrl-C again does not wait for that")
        if load.stage in _STOPPABLE:
            self._stop()

    def _stop(self) -> None:
        stop(self._transport, self._load.unit, patience=30)

    def _again(self) -> str:
        return f"lampctl db {self._transport.host} {self._record.site} --load {self._load.safety}"

    def _left(self) -> str:
        """What is left if nothing more is heard of the host."""
        if self._load.stage not in _CHANGING:
            return f"nothing was loaded: {self._name} is as it was"
        return f"the host goes on: it finishes the load, or loads the safety dump back. By hand: {self._again()}"

    def _judge(self, code: int, stderr: str) -> None:
        """Return if it was loaded; else raise what happened."""
        load, host = self._load, self._transport.host
        how = load.end[0] if load.end else ""
        if how == "cut" and isinstance(self._unsent, LampctlError):
            raise self._unsent
        if how in ("loaded", "restored", "unrestored"):
            self._conclude(how)
        elif not load.stage:
            raise not_root(host, code, stderr, self._transport.has_sudo_password)
        elif how in ("no-client", "no-password", "login"):
            raise not_begun(host, self._record, how, "\n".join(load.errors))
        else:
            raise refusal(host, self._name, self._dump, load.end, "\n".join(load.errors) or stderr)

    def _conclude(self, how: str) -> None:
        load, host = self._load, self._transport.host
        if how == "loaded" and load.interrupted:
            raise Interrupted(
                f"interrupted, but {self._dump} had been loaded already", f"what was before: {self._again()}"
            )
        if how == "loaded":
            self._tell(f"loaded {self._dump} into {self._name}; what was there before: {self._again()}")
            if note := replacing.elsewhere(load.address, host, self._record, self._dump):
                self._tell(note)
            return
        state = f"{self._name} is as it was before"
        if how == "unrestored":
            state = f"{self._name} is in between: the safety dump could not be loaded back either"
        evidence = "\n".join(load.failures)
        if load.interrupted:
            raise Interrupted(f"interrupted: {state}", f"the safety dump stays: {self._again()}", evidence=evidence)
        what = (
            f"{self._dump} was loaded, but the replacement failed" if load.replacing else f"{self._dump} failed to load"
        )
        raise failure(host, what, load.errors, state, self._again(), evidence)


class _Stderr(Thread):
    """Reads the script's stderr, so that the host does not wait for it. `text`: its end."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(daemon=True)
        self._wire, self.text = wire, ""
        self.start()

    def run(self) -> None:
        with suppress(OSError, EOFError):
            while chunk := self._wire.read_errors():
                self.text = (self.text + chunk.decode(errors="replace"))[-4000:]
