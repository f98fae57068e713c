"""Names derived from a site's, whatever its type: two sites never share one.

A site's name is made of a-z, 0-9, hyphens and dots; a label neither begins nor ends with a hyphen. Where a dot cannot
stay, it becomes a hyphen, and a hyphen becomes what no name contains. So names without a hyphen are the same as in 0.1.
"""

from __future__ import annotations

import hashlib
import re

_MARKED = re.compile(r"_[0-9a-f]{8}$")


def home_of(name: str) -> str:
    """The directory that belongs to a site, whatever its type."""
    return f"/var/www/{name}"


def user_of(name: str) -> str:
    """The site's Unix user. The prefix keeps a site called `mail` from being the user of that name."""
    return "site-" + shortened(name.translate({ord("."): "-", ord("-"): "_"}), 27)


def former_user_of(name: str) -> str:
    """The user that lampctl 0.1 gave the site, which was not unique; empty if it is the same."""
    former = "site-" + _cut(name.replace(".", "-"), 27)
    return former if former != user_of(name) else ""


def key_of(name: str) -> str:
    """A name made of letters, digits and hyphens only, as WordPress's packaged wp-config.php requires."""
    return user_of(name).replace("_", "--")


def database_name(name: str) -> str:
    """What its database and its user are called, before they are shortened."""
    return re.sub(r"[^a-z0-9]", "_", name)


def unit_of(name: str, port: int) -> str:
    """The unit of one instance of a site's program."""
    return f"lampctl-{name}@{port}.service"


def servlet_of(name: str) -> str:
    """The unit of a site's Tomcat, without its suffix: it has a service and a socket."""
    return f"lampctl-servlet-{name}"


def slice_of(name: str) -> str:
    """The slice of all that runs for a site. In a slice's name a hyphen means "inside": a-b.slice is in a.slice."""
    return f"lampctl-{shortened(name.replace('-', '_'), 200)}.slice"


def socket_name(kind: str, name: str) -> str:
    """The file name of a site's socket: a socket's path has room for 107 characters, a site's name may have 200."""
    return f"lampctl-{kind}-{shortened(name, 60)}.sock"


def shortened(name: str, most: int) -> str:
    """At most `most` characters. A name that looks like a shortened one is shortened as well, so none is another's."""
    return _digest(name, most) if len(name) == most and _MARKED.search(name) else _cut(name, most)


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else _digest(name, most)


def _digest(name: str, most: int) -> str:
    return f"{name[: most - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
