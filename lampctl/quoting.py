"""Values as literals of the languages that the rendered files are in: one function for each, which are Jinja's filters.

A value that the language cannot express is a ValueError; a value is never changed. Quoting for the shell is in
`resources/shell.py`, for SQL in `resources/database.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_BREAKS = re.compile(r"[\r\n\0]")


def _without(pattern: re.Pattern[str], value: object, what: str) -> str:
    text = str(value)
    if pattern.search(text):
        raise ValueError(f"{text!r} has {what}, which this file cannot express")
    return text


def ini(value: object) -> str:
    """A value of php.ini or of an FPM pool.

    In single quotes nothing is special. "${VAR}" expands in double quotes and without quotes; without quotes, `on`,
    `null` and names of constants are special too. Adjacent quoted parts are one string, unless one is empty.
    https://www.php.net/manual/en/function.parse-ini-file.php
    """
    if isinstance(value, bool):
        return "On" if value else "Off"
    if isinstance(value, int | float):
        return str(value)
    text = _without(_BREAKS, value, "line breaks")
    # FPM replaces it with the pool's name, even in quotes.
    if "$pool" in text:
        raise ValueError(f"{text!r} has $pool, in place of which FPM puts the name of the pool")
    parts = re.findall("'+|[^']+", text)
    return "".join(f'"{part}"' if part[0] == "'" else f"'{part}'" for part in parts) or '""'


def php(value: object) -> str:
    """A string of PHP: in single quotes only these two are special."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def systemd(value: object) -> str:
    """A value in a file that a unit names as EnvironmentFile. systemd ignores one with control characters."""
    return '"' + re.sub(r'([\\"$`])', r"\\\1", _without(_CONTROLS, value, "control characters")) + '"'


def unit(value: object) -> str:
    """A plain value of a unit's setting: `%` begins a specifier, and a backslash at the end continues the line."""
    text = _without(_CONTROLS, value, "control characters")
    if text != text.strip() or text.endswith("\\"):
        raise ValueError(f"{text!r} begins or ends with a blank, or ends with a backslash")
    return text.replace("%", "%%")


def assignment(value: object) -> str:
    """`NAME=value` of a unit's Environment, in quotes."""
    text = _without(_CONTROLS, value, "control characters")
    return '"' + re.sub(r'([\\"])', r"\\\1", text).replace("%", "%%") + '"'


def word(value: object) -> str:
    """One word of a unit's ExecStart, where `$` begins a variable as well."""
    return assignment(value).replace("$", "$$")


def msmtp(value: object) -> str:
    """An argument in msmtp's configuration: it removes the quotes around it, and nothing in between is special."""
    return f'"{_without(_CONTROLS, value, "control characters")}"'


def xml(value: object) -> str:
    """Text or an attribute's value in XML."""
    return escape(_without(_CONTROLS, value, "control characters"), {'"': "&quot;", "'": "&apos;"})


def apache(value: object) -> str:
    """A word of Apache's configuration. `${NAME}` expands in quotes as well, and so may `%{NAME}`."""
    text = _without(_CONTROLS, value, "control characters")
    if re.search(r"[$%]\{", text):
        raise ValueError(f"{text!r} has ${{ or %{{, which Apache may expand")
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def nginx(value: object) -> str:
    """A word of NGINX's configuration, where a `$` cannot be escaped."""
    text = _without(_CONTROLS, value, "control characters")
    if "$" in text:
        raise ValueError(f"{text!r} has $, which begins a variable")
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def apache_text(value: object) -> str:
    """The value of a header in Apache's configuration: nothing in it expands. LAMPCTL_DOLLAR is a `$`."""
    text = _without(_CONTROLS, value, "control characters").replace("%", "%%")
    return '"' + re.sub(r'(["\\])', r"\\\1", text).replace("${", "${LAMPCTL_DOLLAR}{") + '"'


def nginx_text(value: object) -> str:
    """Text in NGINX's configuration where variables are expanded. The variable lampctl_dollar is a `$`."""
    text = _without(_CONTROLS, value, "control characters")
    return '"' + re.sub(r'(["\\])', r"\\\1", text).replace("$", "${lampctl_dollar}") + '"'


FILTERS: Mapping[str, Callable[[object], str]] = {
    filter.__name__: filter
    for filter in (ini, msmtp, php, systemd, unit, assignment, word, xml, apache, nginx, apache_text, nginx_text)
}
