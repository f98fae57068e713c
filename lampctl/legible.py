"""Text of hosts, tenants and the network, as a terminal or a report may show it.

All that is shown is in an event, a Verdict, a Change or a LampctlError: each of them makes its text legible. What is
compared or handed on (files, passwords, keys, bodies of pages) is none of these, and stays exact.
"""

from __future__ import annotations

import os
import re

# C0 (but tab and newline), DEL, C1; what turns the direction of writing or ends a line where nobody sees it (UAX #9,
# UAX #14); interlinear annotations; lone surrogates and noncharacters, which XML can't hold.
_ILLEGIBLE = re.compile(
    "[^\t\n\x20-\x7e\xa0-\u061b\u061d-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufff8\ufffc\ufffd"
    "\U00010000-\U0010ffff]"
)
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)")


def legible(text: str) -> str:
    """Without what a terminal would obey: U+FFFD in its place."""
    return _ILLEGIBLE.sub("\ufffd", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    return legible(text).replace("\n", " ")


def inert(line: str) -> str:
    """A line of a log, where GitHub's runner reads ours: it takes `::word::` and `##[word]` for its own commands."""
    return _COMMAND.sub(lambda found: f"{found[0]} ", line) if "GITHUB_ACTIONS" in os.environ else line
