"""The names that each platform defines. Paths are absolute, units are full systemd unit names."""

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
    drain: str  # shell command: finish open requests and accept no new ones
    foreground: str  # shell command: run by the configuration on disk until it is killed
    cgi: str  # the package that starts CGI programs
    tls_listen: str = ""  # NGINX: the parameters of a TLS `listen`
    http2: str = ""  # NGINX: the directive that enables HTTP/2, if it is separate


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
    client: str  # shell command: a client that connects through the Unix socket, without an account
    login: str  # shell command: a client that logs in with the option file given to it
    plain: str  # that option file's line that turns TLS off
    plugin: str  # authentication plugin; empty: the server's default
    test: str


@dataclass(frozen=True)
class PhpNames:
    """PHP-FPM as the distribution packages it."""

    version: str  # major.minor, as in package and path names
    package: str
    unit: str  # of the distribution's own service, which lampctl does not change
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
    web_xml: str  # the defaults of every application
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
    web: Mapping[str, WebNames]  # by the server's name in the playbook
    mysql: Mapping[str, MysqlNames]  # by the engine's name in the playbook
    php: PhpNames  # of the distribution's own version
    php_of: Callable[[str], PhpNames]  # of any version, from any archive
    codename: str  # of its own archive's suites
    tomcat: TomcatNames
    wordpress: WordpressNames
