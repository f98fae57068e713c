"""Makes text from hosts, tenants, the network and playbooks safe to show in a terminal or a report.

Everything that is shown is in an event, a Verdict, a Change or a LampctlError, and each of them calls `legible`. Data
that is compared or passed on (files, passwords, keys, bodies of pages) is not changed.
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
# SGR: colours and bold, which builds print without a terminal as well (ECMA-48, 8.3.117).
_COLOUR = re.compile("\x1b\\[[0-9;:]*m")
# Logins in URLs: of a git repository, or a DSN in a log; for HTTP, a user without a password is one too.
# Each match begins at `://`, so a long line of a tenant's takes no longer than another.
_LOGIN = re.compile(r"(?i)((?<=http)://|(?<=https)://|://[^\s/:@?#]*:)[^\s/@?#]+@")
_PARAMETER = re.compile(r"(?i)([?&][\w.-]*(?:token|signature|secret|password|api_?key)=)[^&\s\"']+")
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\[)")


def legible(text: str) -> str:
    """`text` without colours; other control characters are U+FFFD, and passwords and tokens in URLs ***."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    text = _ILLEGIBLE.sub("\ufffd", text.replace("\r\n", "\n"))
    if "://" in text:
        text = _LOGIN.sub(r"\1***@", text)
    return _PARAMETER.sub(r"\1***", text) if "=" in text else text


def one_line(text: str) -> str:
    return legible(text).replace("\n", " ")


def inert(line: str) -> str:
    """A log line that GitHub's runner does not execute: it treats `::word::` and `##[word]` as commands."""
    return _COMMAND.sub(lambda found: f"{found[0]} ", line) if "GITHUB_ACTIONS" in os.environ else line
