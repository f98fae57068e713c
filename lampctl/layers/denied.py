"""What lies in document roots and no server sends: the same rules for Apache and NGINX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from lampctl.playbook.sites import SiteBase


@dataclass(frozen=True)
class Rule:
    """`pattern`: a Perl regular expression of the decoded path of a URL, without braces and double quotes."""

    why: str
    pattern: str


_BACKUPS = "bak|orig|save|dist|swp|swo|swn|old|sql\\.gz|sqlite3?|inc"
_PROJECT = (
    r"package(-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|auth\.json|phpunit\.xml|artisan|"
    r"Makefile|Dockerfile|docker-compose\.ya?ml|Vagrantfile"
)

# Of every site, also of those whose files a program serves.
HIDDEN = (
    Rule("Hidden files of editors, version control and deployments (but not .well-known).", r"/\.(?!well-known/)"),
)
COMMON = (
    *HIDDEN,
    Rule("Composer's files name a project's dependencies and their versions.", r"(?i:/composer\.[^/]*)(/|$)"),
    Rule("Dumps contain the database, and logs what visitors entered.", r"(?i:\.(sql|log)|/error_log)$"),
)

LEFTOVERS = (
    *COMMON,
    Rule("Backup files can contain source code and passwords.", rf"(?i:~|\.({_BACKUPS}))$"),
    Rule("Other spellings of PHP's extension are neither run nor shown.", r"(?i:\.(phtml|phar|phps|php[0-9]))(/|$)"),
    Rule("Neither is PHP's extension in upper case.", r"\.(?!php(/|$))[pP][hH][pP](/|$)"),
)

# In the folder of an application, beside what it shows.
CODE = (
    *LEFTOVERS,
    Rule("A project's own files name its dependencies and their versions.", rf"(?i:/({_PROJECT}))$"),
)

_RELEASE = Rule("Beside its pages, a release has code of others and tests.", r"^/(vendor|node_modules|tests)(/|$)")
_OWN = "Denied by the playbook."
_START = re.compile(r"(?<!\[)\^/")  # of the path, in a pattern; not in a set of characters
_GLOBS = re.compile(r"\*\*|\*|\?|[^*?]+")
_GLOB = {"**": "(?s:.*)", "*": "[^/]*", "?": "[^/]"}


def rules(site: SiteBase, declared: Sequence[Rule]) -> tuple[Rule, ...]:
    """What is denied on a site whose type declares these rules."""
    return _unless_allowed(site, tuple(_wanted(site, declared)))


def beside(paths: Iterable[str], found: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, of all paths but those below `paths`."""
    routed = "|".join(map(escaped, paths))
    return _where(f"^(?!{routed})", found) if routed else tuple(found)


def below(pattern: str, outer: SiteBase, found: Sequence[Rule], stripped: str = "") -> tuple[Rule, ...]:
    """What is denied where a site has a route: hidden files, what the site itself denies, and the target's rules.

    Args:
        pattern: Of the paths of the route, from `^` on.
        found: The target's rules.
        stripped: The path of the route, if the target does not see it.
    """
    own = _unless_allowed(outer, (*HIDDEN, *_denied(outer)))
    if stripped:
        start = f"^{escaped(stripped)}"
        found = [replace(rule, pattern=_START.sub(lambda _: start, rule.pattern)) for rule in found]
    return _where(f"^(?={pattern.removeprefix('^')})", dict.fromkeys((*own, *found)))


def _where(start: str, found: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(replace(rule, pattern=f"{start}(?s:.*?)(?:{rule.pattern})") for rule in found)


def _unless_allowed(site: SiteBase, found: tuple[Rule, ...]) -> tuple[Rule, ...]:
    if not site.allow:
        return found
    allowed = "|".join(map(_of_pattern, site.allow))
    return _where(rf"^(?!(?s:.*?)(?:{allowed}))", found)


def _wanted(site: SiteBase, declared: Sequence[Rule]) -> Iterator[Rule]:
    yield from declared
    if getattr(site, "source", None) and not getattr(site, "public", None) and site.root_at("x"):
        yield _RELEASE
    for folder in _written(site):
        yield Rule(
            "What the site's code or its visitors put there is shown, and never run.",
            rf"^/{escaped(folder)}/(?s:.*)\.php(/|$)",
        )
    yield from _denied(site)


def _denied(site: SiteBase) -> Iterator[Rule]:
    return (Rule(_OWN, f"(?i:{_of_pattern(pattern)})") for pattern in site.deny)


def _written(site: SiteBase) -> Iterator[str]:
    """Folders below the document root in which the site's user writes, relative to it."""
    root = f"{public}/" if (public := getattr(site, "public", None)) else ""
    for path in (*getattr(site, "shared", ()), *getattr(site, "writable", ())):
        if path.startswith(root) and (folder := path.removeprefix(root).strip("/")):
            yield folder


def _of_pattern(pattern: str) -> str:
    """A playbook's pattern as a regular expression, which also matches what is below it."""
    plain = pattern.strip("/")
    anchor = "^/" if "/" in pattern.rstrip("/") else "/"
    return anchor + "".join(_GLOB.get(part) or escaped(part) for part in _GLOBS.findall(plain)) + "(/|$)"


def escaped(text: str) -> str:
    """A literal text as a regular expression of letters, digits, `/` and `\\xHH`: no language gives these a meaning."""
    return "".join(
        chr(byte) if re.match(rb"[A-Za-z0-9/_-]", bytes([byte])) else f"\\x{byte:02x}" for byte in text.encode()
    )
