"""The names that differ between distributions and releases: packages, paths, units, sockets.

A table, never an `if` in a layer. A new platform is one row here and a run of the host tests.
"""

from __future__ import annotations

from lampctl.platforms.debian import apache, mariadb, nginx, php, tomcat, wordpress
from lampctl.platforms.names import Platform, WebNames


def _debian_family(
    id: str,
    title: str,
    php_version: str,
    theme: str,
    *,
    proved: bool,
    http2_line: bool = False,
    tomcat_version: str = "10",
) -> Platform:
    return Platform(
        id,
        title,
        proved,
        web={"apache": apache(), "nginx": nginx(http2_line=http2_line)},
        mysql=mariadb(),
        php=php(php_version),
        tomcat=tomcat(tomcat_version),
        wordpress=wordpress(theme),
    )


PLATFORMS: dict[str, Platform] = {
    platform.id: platform
    for platform in (
        _debian_family("debian-13", "Debian 13 (trixie)", "8.4", "twentytwentyfive", http2_line=True, proved=True),
        _debian_family("debian-12", "Debian 12 (bookworm)", "8.2", "twentytwentythree", proved=True),
        _debian_family("ubuntu-24.04", "Ubuntu 24.04 LTS", "8.3", "twentytwentyfour", proved=False),
        _debian_family("ubuntu-22.04", "Ubuntu 22.04 LTS", "8.1", "twentytwentyone", proved=False, tomcat_version="9"),
    )
}

__all__ = ["PLATFORMS", "Platform", "WebNames"]
