"""For people at a terminal: during a run, one line for each layer, or for each host if there are several.

Only unfinished work is live; results are printed above it and stay.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from rich.console import Group
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lampctl.checks import Status, culprit
from lampctl.errors import LampctlError
from lampctl.journal.events import Answered, Asked, Event, Noted, Resumed, Suspended
from lampctl.layers import layers as registered
from lampctl.legible import inert
from lampctl.outcome import Outcome
from lampctl.report.echo import Echo
from lampctl.report.progress import Host, Layer
from lampctl.report.text import MARKS, TextReporter, row

_BAR = 24  # columns
_WORST = (Status.FAIL, Status.UNKNOWN, Status.BLOCKED)
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"  # of the spinner


class LiveReporter(TextReporter):
    """Writes to a terminal. Rich draws in a thread of its own, without our lock: drawing only reads."""

    def __init__(self, several: bool) -> None:
        super().__init__(quiet=False, several=several)
        self._console.soft_wrap = False
        self._hosts: dict[str, Host] = {}
        self._live: Live | None = None
        self._asking = 0  # how many questions are open
        self._echo = Echo(self._console.file)

    def event(self, event: Event) -> None:
        with self._lock:
            if self._closed:
                return
            match event:
                case Asked() | Suspended():
                    self._count_questions(1)
                    return
                case Answered() | Resumed():
                    self._count_questions(-1)
                    return
                case Noted(host, text):
                    self._print(host, (text, "yellow"))
            self._hosts.setdefault(event.host, Host(event.host)).read(event, time.monotonic())
            self._start()

    def _count_questions(self, change: int) -> None:
        """Add `change` to the number of open questions; the live view is hidden while there are any."""
        self._asking += change
        self._stop(asking=True)
        if self._hosts:
            self._start()

    def outcome(self, outcome: Outcome) -> None:
        with self._lock:
            if self._closed:
                return
            host = self._hosts.pop(outcome.host, None)
            if not self._hosts:
                self._stop()
            if outcome.platform and ((host and host.layers) or (self._several and outcome.results)):
                self._print(outcome.host, (f"{outcome.playbook} on {outcome.platform}", "bold"))
            if host and host.layers:
                self._console.print(self._fit(list(self._layer_lines(host, time.monotonic(), final=True))))
        super().outcome(outcome)

    def close(self) -> None:
        with self._lock:
            self._stop()
            self._closed = True

    def _start(self) -> None:
        if self._live is None and not self._asking:
            self._echo.off()
            self._live = live = Live(
                console=self._console,
                get_renderable=self.frame,
                refresh_per_second=8,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            live.start()

    def _stop(self, asking: bool = False) -> None:
        self._echo.on(discard=asking)
        if self._live:
            self._live.stop()
            self._live = None

    # Printed lines: wrapped at the terminal's width, the culprit last

    def _results(self, outcome: Outcome) -> None:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for result in outcome.results:
            mark, id_, actual = row(result, 0)
            table.add_row(Text.assemble(mark, id_), Text.assemble(actual))
        self._console.print(table)

    def _culprit(self, outcome: Outcome) -> None:
        first = culprit(outcome.results)
        if first:
            self._evidence(f"{first.id} expected: {first.expected}\n{first.evidence}")

    def error(self, error: LampctlError) -> None:
        self._evidence(error.evidence)

    def _evidence(self, text: str) -> None:
        for line in text.splitlines():
            self._console.print(Padding(Text(inert(line), "dim"), (0, 0, 0, 4)))

    def _summary(self, outcome: Outcome) -> None:
        super()._summary(outcome)
        first = culprit(outcome.results)
        where = f"{outcome.host}: " if self._several else ""
        if outcome.error:  # which names the host itself
            message, hint = outcome.error.message, outcome.error.hint
        elif first:
            message, hint = f"{where}{first.id}: {first.actual}", first.hint
        else:
            return
        self._console.print(Text.assemble(("✗ ", "bold red"), (message, "bold")))
        if hint:
            self._console.print(Text.assemble(("  → ", "cyan"), hint))

    # Live lines

    def frame(self) -> Group:
        """Return the current live lines, cut to the terminal's size."""
        now = time.monotonic()
        hosts = list(self._hosts.values())
        if self._several or len(hosts) != 1:
            return self._fit([self._host_line(host, now) for host in hosts])
        host = hosts[0]
        if host.checks:
            return self._fit([self._host_line(host, now), *self._check_lines(host, now)])
        lines = [self._host_line(host, now), *self._layer_lines(host, now, final=False)]
        return self._fit([*lines, Text(f"      {host.line}", "dim")] if host.running and host.line else lines)

    def _fit(self, lines: list[Text]) -> Group:
        """Truncate the lines to the terminal's width, and their number to its height: else Rich can't redraw them."""
        rows = max(self._console.height - 2, 1)
        if len(lines) > rows:
            lines = [*lines[: rows - 1], Text(f"… and {len(lines) - rows + 1} more", "dim")]
        for line in lines:
            line.no_wrap = True
            line.truncate(max(self._console.width - 1, 10), overflow="ellipsis")
        return Group(*lines)

    def _host_line(self, host: Host, now: float) -> Text:
        layer = host.running
        parts = [host.phase, f"step {host.step}" if host.step else ""]
        if host.checks:
            parts.append(f"{len(host.results)} of {sum(host.checks.values())}")
        if self._several and layer:
            parts.append(layer.packages.text or layer.step)
        progress = ", ".join(part for part in parts if part)
        return Text.assemble(
            (f"{self._spinner(now)} ", "cyan"),
            (f"{host.name}: ", "bold"),
            progress,
            (f"  {now - host.began:.0f} s", "dim"),
        )

    def _layer_lines(self, host: Host, now: float, final: bool) -> Iterator[Text]:
        for name, shown in _padded(host.layers):
            yield self._layer_line(shown, host.layers[name], now, final)

    def _check_lines(self, host: Host, now: float) -> Iterator[Text]:
        """One line for each layer, with the id of its last result."""
        for name, shown in _padded(host.checks):
            results, total = [result for result in host.results if result.layer == name], host.checks[name]
            worst = next((s for s in _WORST if s in {result.status for result in results}), Status.PASS)
            mark, style = MARKS[worst]
            if len(results) < total and worst is not Status.FAIL:
                mark, style = (self._spinner(now), "cyan") if results else ("·", "dim")
            last = f"  {results[-1].id}" if 0 < len(results) < total else ""
            count = f"  {len(results)} of {total} check{'s' if total > 1 else ''}{last}"
            yield Text.assemble("  ", (f"{mark} ", style), shown, (count, "dim"))

    def _layer_line(self, name: str, layer: Layer, now: float, final: bool) -> Text:
        mark, style = "·", "dim"
        if layer.failed:
            mark, style = MARKS[Status.FAIL]
        elif layer.began and not final:
            mark, style = self._spinner(now), "cyan"
        elif layer.done >= layer.total:
            mark, style = MARKS[Status.PASS]
        seconds = f"{layer.elapsed(now):6.1f} s" if layer.done or layer.began else " " * 8
        row = Text.assemble("  ", (f"{mark} ", style), name, (f"  {seconds}  ", "dim"))
        if layer.began and not final:
            return row.append(self._activity(layer))
        steps = f"{layer.total} step{'s' if layer.total > 1 else ''}"
        return row.append(layer.step if layer.failed else f"{layer.done} of {steps}" if layer.done else steps, "dim")

    def _activity(self, layer: Layer) -> Text:
        packages = layer.packages
        if not packages.stage:
            return Text(layer.step)
        full = round(packages.fraction * _BAR)
        return Text.assemble(("━" * full, "green"), ("─" * (_BAR - full), "dim"), f"  {packages.text}")

    def _spinner(self, now: float) -> str:
        return _FRAMES[int(now * 8) % len(_FRAMES)]


def _padded(layers: Iterable[str]) -> list[tuple[str, str]]:
    """(name, the name padded to the longest), in the order of the request path."""
    order = [layer.name for layer in registered()]
    ordered = sorted(layers, key=lambda name: order.index(name) if name in order else len(order))
    width = max(map(len, ordered), default=0)
    return [(name, f"{name:<{width}}") for name in ordered]
