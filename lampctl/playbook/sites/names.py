"""What is called after a site, whatever its type."""

from __future__ import annotations

import hashlib


def home_of(name: str) -> str:
    """The directory that belongs to a site, whatever its type."""
    return f"/var/www/{name}"


def user_of(name: str) -> str:
    """The site's Unix user. The prefix keeps a site called `mail` from being the user of that name."""
    return "site-" + shortened(name.replace(".", "-"), 27)


def unit_of(name: str, port: int) -> str:
    """The unit of one instance of a site's program."""
    return f"lampctl-{name}@{port}.service"


def servlet_of(name: str) -> str:
    """The unit of a site's Tomcat, without its suffix: it has a service and a socket."""
    return f"lampctl-servlet-{name}"


def slice_of(name: str) -> str:
    """The site's slice. In its name a hyphen means a parent; an underscore is in no hostname, so names stay unique."""
    return f"lampctl-{shortened(name.replace('-', '_'), 200)}.slice"


def shortened(name: str, most: int) -> str:
    """At most `most` characters, still unlike any other name's."""
    if len(name) <= most:
        return name
    return f"{name[: most - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
