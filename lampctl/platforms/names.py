"""What a platform has to name. Paths are absolute, units are full systemd unit names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class WebNames:
    """A web server as the distribution packages it."""

    title: str
    package: str
    unit: str
    root: str  # the directory that the server reads at start
    sites_available: str
    sites_enabled: str
    log_dir: str
    user: str
    test: str  # shell command: is the configuration on disk valid?
    drain: str  # shell command by which it answers what it has begun, and takes nothing new
    cgi: str  # the package that starts CGI programs
    tls_listen: str = ""  # NGINX: what a TLS listener's address is followed by
    http2: str = ""  # NGINX: the line that switches HTTP/2 on, where it is one of its own


@dataclass(frozen=True)
class MysqlNames:
    """The database server as the distribution packages it."""

    engine: str
    title: str
    package: str
    unit: str
    root: str
    drop_in: str  # file that is read after the distribution's own
    section: str  # of an option file, that only this server reads
    socket: str
    data: str  # directory of the databases
    client: str  # shell command: a client that is root by its Unix socket
    login: str  # shell command: a client that logs in by what the option file given to it says
    plain: str  # that option file's line by which no TLS is spoken
    plugin: str  # how a password is checked; empty: as the server does by itself
    test: str


@dataclass(frozen=True)
class PhpNames:
    """PHP-FPM as the distribution packages it."""

    version: str  # major.minor, as in package and path names
    package: str
    unit: str  # of the distribution's own service, which lampctl leaves to others
    program: str
    root: str
    conf_dir: str
    pool_dir: str  # of the distribution's own service
    own_dir: str  # of php.ini files that only lampctl's services read
    extensions: str  # package name of an extension, with {name}
    cli: str
    test: str
    shared: tuple[str, ...]  # packages that all versions have in common


@dataclass(frozen=True)
class TomcatNames:
    """Tomcat as the distribution packages it, without the instance that its own package would start."""

    package: str
    home: str  # its program (CATALINA_HOME)
    root: str  # below it, the configuration of each site
    web_xml: str  # what every application has, whatever its own web.xml says
    java: str


@dataclass(frozen=True)
class WordpressNames:
    """WordPress as the distribution packages it."""

    packages: tuple[str, ...]  # with a theme: without one, every page is empty
    root: str


@dataclass(frozen=True)
class Platform:
    """One release of a distribution; `id` is ID-VERSION_ID of its /etc/os-release."""

    id: str
    title: str
    proved: bool  # do the host tests run on it?
    web: Mapping[str, WebNames]  # by the playbook's word for the server
    mysql: Mapping[str, MysqlNames]  # by the playbook's word for the engine
    php: PhpNames  # of the distribution's own version
    php_of: Callable[[str], PhpNames]  # of any version, wherever it comes from
    codename: str  # of its own archive's suites
    tomcat: TomcatNames
    wordpress: WordpressNames
