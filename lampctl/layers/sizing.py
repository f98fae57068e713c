"""The size of each part of the stack, by a host's memory and cores, with the reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lampctl.facts import MIB, Facts
from lampctl.playbook import Playbook, in_bytes

PHP_PROCESS = 64 * MIB  # of a PHP process of a typical application
THREADS = 64  # of an Apache process: its ThreadLimit, which only a restart would raise
PROCESSES = 16  # of Apache: its ServerLimit, likewise
APACHE_FILES = 8000  # open files of an Apache process, less some for logs: apache2ctl sets 8192
MOST_CONNECTIONS = 16_384
TIMEOUT = 60  # seconds that a request may take
LONGEST = 3600  # the most that a playbook can say
CHILDREN_PER_CORE = 16  # beyond it, processes wait for a core rather than for the database


@dataclass(frozen=True)
class Sized:
    """A rendered value, and the comment that explains it."""

    value: str
    why: str


def _memory(facts: Facts) -> str:
    return f"{facts.memory // MIB} MiB of memory"


def buffer_pool(playbook: Playbook, facts: Facts) -> Sized:
    wanted = playbook.mysql.buffer_pool if playbook.mysql else "auto"
    if wanted != "auto":
        return Sized(wanted, "set in the playbook")
    size = max(64, facts.memory // 4 // MIB // 16 * 16)
    return Sized(f"{size}M", f"a quarter of {_memory(facts)}; PHP and Apache share the rest")


def max_connections(playbook: Playbook, facts: Facts) -> Sized:
    wanted = playbook.mysql.max_connections if playbook.mysql else "auto"
    if wanted != "auto":
        return Sized(str(wanted), "set in the playbook")
    children = total_children(playbook, facts)
    return Sized(str(children + 20), f"{children} PHP processes at most, and 20 to spare for people and cron")


def total_children(playbook: Playbook, facts: Facts) -> int:
    """PHP processes of all pools together."""
    wanted = playbook.php.max_children if playbook.php else "auto"
    if wanted != "auto":
        return int(wanted)
    return max(2, min(facts.memory * 2 // 5 // PHP_PROCESS, facts.cores * CHILDREN_PER_CORE))


def pool_children(playbook: Playbook, facts: Facts, site: str) -> Sized:
    own = playbook.php_sites[site].php.max_children
    if own is not None:
        return Sized(str(own), "set in the playbook")
    total = total_children(playbook, facts)
    sites = len(playbook.php_sites)
    share = max(2, total // sites)
    if playbook.php and playbook.php.max_children != "auto":
        return Sized(str(share), f"{total} in the playbook, shared by the sites")
    rule = f"the lesser of two fifths of {_memory(facts)} at {PHP_PROCESS // MIB} MiB each"
    return Sized(
        str(share),
        f"{rule} and {CHILDREN_PER_CORE} for each of {facts.cores} core(s), shared by the sites",
    )


@dataclass(frozen=True)
class Mpm:
    """Apache's event MPM: `threads` in each of `processes` answer; `factor` idle connections a thread wait."""

    processes: int
    threads: int
    factor: int
    why: str
    connections: str

    @property
    def workers(self) -> int:
        return self.processes * self.threads

    @property
    def beyond(self) -> bool:
        """Is this above the ServerLimit that Apache has by default, and that only a restart raises?"""
        return self.processes > PROCESSES


def mpm(playbook: Playbook, facts: Facts) -> Mpm:
    wanted = playbook.web.max_workers if playbook.web else "auto"
    if wanted == "auto":
        workers = max(THREADS, min(PROCESSES * THREADS, facts.memory // (4 * MIB) // THREADS * THREADS))
        why = f"one for each 4 MiB of {_memory(facts)}, at most {PROCESSES * THREADS}"
    else:
        workers, why = wanted, "set in the playbook, in processes of equal size"
    processes = -(-workers // THREADS)
    threads = -(-workers // processes)
    held = connections(facts)
    factor = max(2, min(-(-int(held.value) // (processes * threads)), APACHE_FILES // threads - 1))
    return Mpm(processes, threads, factor, why, f"{held.value} in all, {held.why}")


def body_limit(upload: str) -> Sized:
    """The largest request body: an upload, and the form around it."""
    return Sized(str(in_bytes(upload) + MIB), f"upload_max_filesize {upload}, and 1M for the rest of the form")


def given_limit(size: str) -> Sized:
    """The largest request body, as the playbook says it."""
    return Sized(str(in_bytes(size)), f"body_limit {size}, as the playbook has it")


def request_timeout(playbook: Playbook, site: str) -> Sized:
    """Seconds that a request for PHP may take: web servers wait so long, and so does a stop of FPM."""
    options = playbook.php_sites[site]
    if options.timeout is not None:
        return Sized(str(options.timeout), "timeout, as the playbook has it")
    ini = {**(playbook.php.ini if playbook.php else {}), **options.php.ini}
    given = str(ini.get("max_execution_time", ""))
    seconds = min(int(given), LONGEST) or LONGEST if re.fullmatch("[0-9]{1,9}", given) else 0  # PHP: 0 is without limit
    if seconds > TIMEOUT:
        return Sized(str(seconds), f"max_execution_time {given}, as the playbook has it")
    return Sized(str(TIMEOUT), "the default; `timeout` in the playbook changes it")


def largest_body(playbook: Playbook, site: str, own: Sized) -> Sized:
    """The largest request body of all paths of a site, which has the limit `own` itself."""
    given = [one.body_limit for one in playbook.sites[site].limits.values() if one.body_limit]
    found = max(given, key=in_bytes, default="")
    if not found or in_bytes(found) <= int(own.value):
        return own
    return Sized(str(in_bytes(found)), f"body_limit {found}, the largest of `limits`; the web server holds the others")


def longest_timeout(playbook: Playbook, site: str) -> Sized:
    """Seconds that a request for PHP may take, on the path of a site where it may take the longest."""
    own = request_timeout(playbook, site)
    longest = max((one.timeout or 0 for one in playbook.sites[site].limits.values()), default=0)
    return own if longest <= int(own.value) else Sized(str(longest), "the longest timeout of `limits`")


def no_body() -> Sized:
    return Sized(str(MIB >> 4), "files only: nobody has a reason to send more than a form")


def cgi_programs(facts: Facts) -> Sized:
    """CGI programs of one site at once."""
    return Sized(str(4 * facts.cores), f"four for each of {facts.cores} core(s); more wait for their turn")


def connections(facts: Facts) -> Sized:
    """Connections of one NGINX worker, or of Apache as a whole: an idle one takes some KiB, and one file."""
    count = max(1024, min(MOST_CONNECTIONS, facts.memory // (64 << 10), facts.files) // 1024 * 1024)
    rule = f"one for each 64 KiB of {_memory(facts)}, and for each of the {facts.files} files that a process may open"
    return Sized(str(count), f"{rule}; at most {MOST_CONNECTIONS}")


def files(facts: Facts) -> Sized:
    """Open files of an NGINX worker."""
    count = min(2 * int(connections(facts).value), facts.files)
    return Sized(str(count), "each connection is an open file, each proxied one two; the host allows so many")


@dataclass(frozen=True)
class SiteLimits:
    """The limits of all units of one site together."""

    tasks: Sized
    memory_high: Sized
    memory_max: Sized
    weight: Sized


def site_limits(facts: Facts) -> SiteLimits:
    """Enough for one busy site, but never so much that the system, the database or SSH starve.

    They depend on the host's facts alone: two playbooks on one host render the same slice.
    """
    reserve = min(max(256 * MIB, facts.memory // 4), facts.memory // 2)
    most = (facts.memory - reserve) // MIB
    return SiteLimits(
        Sized(str(512 + 256 * facts.cores), f"processes and threads: 512, and 256 for each of {facts.cores} core(s); "
              "Java and PHP use far fewer, a fork bomb ends here"),
        Sized(f"{most * 9 // 10}M", "nine tenths of the maximum: beyond it the site is slowed down, not killed"),
        Sized(f"{most}M", f"{_memory(facts)}, less {reserve // MIB} MiB for the system and the database"),
        Sized("100", "an equal share with each other site, where CPU or disk are scarce"),
    )  # fmt: skip
