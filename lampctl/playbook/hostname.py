"""Names of hosts and sites: what they may be, and what to write where one is not."""

from __future__ import annotations

import re
import unicodedata

RULE = "is not a valid hostname: letters a-z, digits and hyphens, in labels joined by dots"

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_LONGEST = 253  # characters, of RFC 1035's 255 bytes


def check_hostname(name: str) -> str:
    """The name, if DNS can have it.

    Raises:
        ValueError: What is wrong with it, as far as it is known better than RULE.
    """
    if not _is_valid(name):
        raise ValueError(_why(name))
    return name


def check_site_name(name: str) -> str:
    """The name, if a site can have it.

    Raises:
        ValueError: As `check_hostname`, or it is too long for the name of a file.
    """
    if len(check_hostname(name)) > 200:
        raise ValueError("is too long for the name of a site: it names files, so it has at most 200 characters")
    return name


def _is_valid(name: str) -> bool:
    return len(name) <= _LONGEST and all(_LABEL.fullmatch(label) for label in name.split("."))


def _why(name: str) -> str:
    """What to write instead; empty: nothing is more precise than RULE."""
    for what, instead in (
        ("ends with a dot", name.removesuffix(".")),
        ("is a URL", re.sub(r"^[a-z]+://([^/:]*).*", r"\1", name)),
        ("has a port", re.sub(r":[0-9]+$", "", name)),
        ("has upper-case letters", name.lower()),
        ("has letters that DNS writes as Punycode", _punycode(name)),
    ):
        if instead != name and _is_valid(instead):
            return f"{what}: write {instead}"
    if name.startswith("*."):
        return "is a wildcard: a site has one name, and its `aliases` are the others, each written out"
    if len(name) > _LONGEST:
        return f"is too long for a hostname: {len(name)} characters, of at most {_LONGEST}"
    longest = max(map(len, name.split(".")))
    return f"has a label of {longest} characters: DNS allows 63 between two dots" if longest > 63 else ""


def _punycode(name: str) -> str:
    """The name as DNS has it, if every letter of it is one of a language."""
    if not re.fullmatch(r"[\w.-]+", name):  # no spaces, invisible characters or symbols
        return name
    labels = unicodedata.normalize("NFKC", name).lower().split(".")
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels)
