"""Debian's names. Ubuntu shares them; only versions differ."""

from __future__ import annotations

from dataclasses import replace

from lampctl.platforms.names import MysqlNames, PhpNames, TomcatNames, WebNames, WordpressNames


def apache() -> WebNames:
    return _web("Apache", "apache2", "apache2ctl -t", "apache2ctl graceful-stop", "apache2-suexec-pristine")


def nginx(*, http2_line: bool) -> WebNames:
    """`http2_line`: NGINX 1.25.1 or newer, which has a directive of its own for HTTP/2."""
    names = _web("NGINX", "nginx", "nginx -t -q", "nginx -s quit", "fcgiwrap")
    if http2_line:
        return replace(names, tls_listen="ssl", http2="http2 on;")
    return replace(names, tls_listen="ssl http2")


def _web(title: str, name: str, test: str, drain: str, cgi: str) -> WebNames:
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
        cgi=cgi,
    )


def mariadb() -> MysqlNames:
    # `mariadb-server`, not `default-mysql-server`: the latter is MySQL on Ubuntu.
    return MysqlNames(
        engine="mariadb",
        package="mariadb-server",
        unit="mariadb.service",
        root="/etc/mysql",
        drop_ins="/etc/mysql/mariadb.conf.d",
        socket="/run/mysqld/mysqld.sock",
        # Without TLS, which a client of 11.4 or newer starts on the Unix socket as well: 20 ms for each login.
        client="mariadb --skip-ssl --protocol=socket --user=root --batch --skip-column-names",
        # MariaDB has no --validate-config; --help reads every option file and stops there.
        test="mariadbd --user=mysql --help --verbose",
    )


def php(version: str) -> PhpNames:
    root = f"/etc/php/{version}/fpm"
    return PhpNames(
        version=version,
        package=f"php{version}-fpm",
        unit=f"php{version}-fpm.service",
        root=root,
        conf_dir=f"{root}/conf.d",
        pool_dir=f"{root}/pool.d",
        socket_dir="/run/php",
        extensions=f"php{version}-{{name}}",
        cli=f"php{version}",
        test=f"php-fpm{version} -t",
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
