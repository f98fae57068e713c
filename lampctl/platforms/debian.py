"""Debian's names. Ubuntu shares them; only versions differ."""

from __future__ import annotations

from lampctl.platforms.names import MysqlNames, PhpNames, WebNames


def apache() -> WebNames:
    root = "/etc/apache2"
    return WebNames(
        package="apache2",
        unit="apache2.service",
        root=root,
        sites_available=f"{root}/sites-available",
        sites_enabled=f"{root}/sites-enabled",
        conf_available=f"{root}/conf-available",
        conf_enabled=f"{root}/conf-enabled",
        mods_enabled=f"{root}/mods-enabled",
        log_dir="/var/log/apache2",
        user="www-data",
        test="apache2ctl -t",
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
