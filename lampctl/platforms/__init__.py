"""The names that differ between distributions and releases: packages, paths, units, sockets.

They are a table, not `if`s in layers. A new platform is one row here and a run of the host tests.
"""

from __future__ import annotations

from lampctl.platforms.debian import CODENAMES, apache, mariadb, mysql, nginx, php, tomcat, wordpress
from lampctl.platforms.names import MysqlNames, PhpNames, Platform, WebNames


def _debian_family(
    id: str,
    title: str,
    codename: str,
    php_version: str,
    theme: str,
    *,
    proved: bool,
    http2_line: bool = False,
    tomcat_version: str = "10",
    oracle: bool = False,
) -> Platform:
    """`theme`: the newest WordPress theme in the archive. `oracle`: the distribution packages Oracle's MySQL too."""
    return Platform(
        id,
        title,
        proved,
        web={"apache": apache(), "nginx": nginx(http2_line=http2_line)},
        mysql={"mariadb": mariadb()} | ({"mysql": mysql()} if oracle else {}),
        php=php(php_version),
        php_of=php,
        codename=codename,
        tomcat=tomcat(tomcat_version),
        wordpress=wordpress(theme),
    )


PLATFORMS: dict[str, Platform] = {
    platform.id: platform
    for platform in (
        _debian_family(
            "debian-13", "Debian 13 (trixie)", "trixie", "8.4", "twentytwentyfive", proved=True, http2_line=True
        ),
        _debian_family("debian-12", "Debian 12 (bookworm)", "bookworm", "8.2", "twentytwentythree", proved=True),
        # Neither testing nor sid has a VERSION_ID, and their os-release files are the same.
        _debian_family(
            "debian-rolling",
            "Debian testing and sid",
            "sid",
            "8.4",
            "twentytwentyfive",
            proved=True,
            http2_line=True,
            oracle=True,
        ),
        _debian_family(
            "ubuntu-24.04", "Ubuntu 24.04 LTS", "noble", "8.3", "twentytwentyfour", proved=False, oracle=True
        ),
        _debian_family(
            "ubuntu-22.04",
            "Ubuntu 22.04 LTS",
            "jammy",
            "8.1",
            "twentytwentyone",
            proved=False,
            oracle=True,
            tomcat_version="9",
        ),
    )
}

__all__ = ["CODENAMES", "PLATFORMS", "MysqlNames", "PhpNames", "Platform", "WebNames"]
