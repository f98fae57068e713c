"""Commands as systemd reads them (systemd.service(5), "Command lines")."""

from __future__ import annotations

import re

# What systemd takes for one character in a command; it drops a command with any other escape.
_ESCAPE = re.compile(r"""\\(?:["'\\;sabfnrtv]|x(?!00)[0-9a-fA-F]{2}|(?!000)[0-3][0-7]{2})""")


def check_command(text: str) -> str:
    """The command, if systemd takes it; else ValueError, with what is wrong where that is known."""
    if not re.fullmatch(r"[A-Za-z0-9._/][^\x00-\x1f\x7f]*", text):
        raise ValueError
    plain = _ESCAPE.sub("", text)
    if "\\" in plain:
        raise ValueError("is not a valid command: a backslash must be written as \\\\")
    if re.search("[\"']", re.sub(r"\"[^\"]*\"|'[^']*'", "", plain)):
        raise ValueError("is not a valid command: a quote is not closed")
    if re.search(r"%(?!i)", plain.replace("%%", "")):
        raise ValueError(
            "is not a valid command: write a percent sign as %%; only %i, the port or instance, is replaced"
        )
    if re.search(r"(^|\s);(\s|$)", plain):
        raise ValueError("is not a valid command: a separate `;` would start another one")
    return text
