"""Debian's names. Ubuntu shares them; only versions differ."""

from __future__ import annotations

from dataclasses import replace

from lampctl.platforms.names import MysqlNames, PhpNames, TomcatNames, WebNames, WordpressNames

# Every release whose archive a playbook can add as a repository.
CODENAMES = frozenset(("bullseye", "bookworm", "trixie", "forky", "sid", "focal", "jammy", "noble"))


def apache() -> WebNames:
    return _web("Apache", "apache2", "apache2ctl -t", "apache2ctl graceful-stop", "apache2ctl -DFOREGROUND")


def nginx(*, http2_line: bool) -> WebNames:
    """`http2_line`: NGINX 1.25.1 or newer, which has a directive of its own for HTTP/2."""
    names = _web("NGINX", "nginx", "nginx -t -q", "nginx -s quit", "nginx -g 'daemon off;'")
    if http2_line:
        return replace(names, tls_listen="ssl", http2="http2 on;")
    return replace(names, tls_listen="ssl http2")


def _web(title: str, name: str, test: str, drain: str, foreground: str) -> WebNames:
    root = f"/etc/{name}"
    return WebNames(
        title=title,
        package=name,
        unit=f"{name}.service",
        root=root,
        sites_available=f"{root}/sites-available",
        sites_enabled=f"{root}/sites-enabled",
        log_dir=f"/var/log/{name}",
        user="www-data",
        test=test,
        drain=drain,
        foreground=foreground,
        cgi="fcgiwrap",
    )


def mariadb() -> MysqlNames:
    """MariaDB, which Debian calls its default MySQL server."""
    # `mariadb-server`, not `default-mysql-server`: the latter is MySQL on Ubuntu.
    return MysqlNames(
        engine="mariadb",
        title="MariaDB",
        package="mariadb-server",
        unit="mariadb.service",
        root="/etc/mysql",
        drop_in="/etc/mysql/mariadb.conf.d/90-lampctl.cnf",
        section="mariadbd",
        socket="/run/mysqld/mysqld.sock",
        data="/var/lib/mysql",
        # Without TLS, which a client of 11.4 or newer starts on the Unix socket as well: 20 ms for each login.
        client="mariadb --skip-ssl --protocol=socket --batch --skip-column-names",
        login="mariadb",
        plain="loose-skip-ssl",
        plugin="",
        # MariaDB has no --validate-config; --help reads every option file and stops there.
        test="mariadbd --user=mysql --help --verbose",
    )


def mysql() -> MysqlNames:
    """Oracle's MySQL: Debian has it in sid only, Ubuntu has always had it."""
    return MysqlNames(
        engine="mysql",
        title="MySQL",
        package="mysql-server",
        unit="mysql.service",
        root="/etc/mysql",
        drop_in="/etc/mysql/mysql.conf.d/zz-lampctl.cnf",  # after the package's mysqld.cnf, which sets bind-address
        section="mysqld",
        socket="/run/mysqld/mysqld.sock",
        data="/var/lib/mysql",
        client="mysql --ssl-mode=DISABLED --protocol=socket --batch --skip-column-names",
        login="mysql",
        plain="ssl-mode=DISABLED",
        # The default since 8.0, set explicitly: upgraded servers may still default to mysql_native_password,
        # which 9.0 no longer has.
        plugin="caching_sha2_password",
        test="mysqld --user=mysql --validate-config",
    )


def php(version: str) -> PhpNames:
    root = f"/etc/php/{version}/fpm"
    return PhpNames(
        version=version,
        package=f"php{version}-fpm",
        unit=f"php{version}-fpm.service",
        program=f"/usr/sbin/php-fpm{version}",
        root=root,
        conf_dir=f"{root}/conf.d",
        pool_dir=f"{root}/pool.d",
        own_dir=f"/etc/php/{version}/lampctl",
        extensions=f"php{version}-{{name}}",
        cli=f"php{version}",
        test=f"php-fpm{version} -t",
        shared=("php-common",),
    )


def tomcat(version: str) -> TomcatNames:
    home = f"/usr/share/tomcat{version}"
    return TomcatNames(
        package=f"tomcat{version}-user",
        home=home,
        root=f"/etc/tomcat{version}",
        web_xml=f"{home}/skel/conf/web.xml",
        java="/usr/bin/java",
    )


def wordpress(theme: str) -> WordpressNames:
    # `php`, so that apt does not satisfy WordPress with PHP inside Apache.
    return WordpressNames(("wordpress", f"wordpress-theme-{theme}", "php"), "/usr/share/wordpress")
