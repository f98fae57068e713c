"""What lies in document roots and no server sends: the same rules for Apache and NGINX."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """`pattern`: a Perl regular expression of the decoded path of a URL, without braces and double quotes."""

    why: str
    pattern: str


_BACKUPS = "bak|orig|save|dist|swp|swo|swn|old|sql|sql\\.gz|sqlite3?|inc"
_PROJECT = (
    r"composer\.(json|lock|phar)|package(-lock)?\.json|yarn\.lock|pnpm-lock\.yaml|auth\.json|phpunit\.xml|artisan|"
    r"Makefile|Dockerfile|docker-compose\.ya?ml|Vagrantfile"
)

LEFTOVERS = (
    Rule("Backup files can contain source code and passwords.", rf"(?i)(~|\.({_BACKUPS}))$"),
    Rule("Other spellings of PHP's extension are neither run nor shown.", r"(?i)\.(phtml|phar|phps|php[0-9])(/|$)"),
    Rule("Neither is PHP's extension in upper case.", r"\.(?!php(/|$))[pP][hH][pP](/|$)"),
)

# In the folder of an application, beside what it shows.
CODE = (
    *LEFTOVERS,
    Rule("Logs can contain what visitors entered.", r"(?i)(\.log|/error_log)$"),
    Rule("A project's own files name its dependencies and their versions.", rf"(?i)/({_PROJECT})$"),
)
