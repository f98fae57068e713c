"""A login to the database through a tunnel, with PyMySQL: write a row, read it back, clean up."""

from __future__ import annotations

import secrets
import time
from typing import Any

from lampctl.checks import LoginProbe
from lampctl.resources.sql import identifier

MOST = 1 << 20  # bytes of all answers: a greeting, a few words, a row


class _Within:
    """A connection with limited answers: any program can have the port, and PyMySQL keeps all rows that it sends."""

    def __init__(self, channel: Any, seconds: float) -> None:
        self._channel = channel
        self._left = MOST
        self._ends = time.monotonic() + 3 * seconds
        self._file: Any = None

    def makefile(self, mode: str) -> _Within:
        self._file = self._channel.makefile(mode)
        return self

    def read(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise OSError(f"the server's answer is longer than {MOST >> 20} MiB")
        if time.monotonic() > self._ends:
            raise OSError("the server's answer did not end")
        found: bytes = self._file.read(size)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)


def log_in(channel: Any, probe: LoginProbe, password: str, timeout: float) -> str:
    """`ok VERSION`, or `CODE MESSAGE`: the server's error number (0 if there is none) and message.

    No TLS inside the tunnel: SSH encrypts it, and PyMySQL can't wrap a paramiko channel.
    """
    import pymysql

    channel.settimeout(timeout)
    connection = _prepared(probe, password, timeout)
    try:
        connection.connect(sock=_Within(channel, timeout))
        return f"ok {_write_and_read(connection)}"
    except pymysql.MySQLError as error:
        if isinstance(error.__context__, TimeoutError):  # paramiko's, without a text
            return f"2013 no answer within {timeout:g} s"
        code, *rest = error.args if error.args else (0,)
        return f"{code if isinstance(code, int) else 0} {rest[0] if rest else error}"
    except (OSError, EOFError) as error:
        return f"2013 {error or 'the server closed the connection'}"
    except Exception as error:  # what answers may be no database, which PyMySQL does not expect
        return f"2013 the server's answer makes no sense: {type(error).__name__}: {error}"
    finally:
        if connection.open:
            connection.close()
        channel.close()


def _prepared(probe: LoginProbe, password: str, timeout: float) -> Any:
    """A connection that is not open yet."""
    import pymysql

    return pymysql.connect(
        user=probe.user,
        password=password,
        database=probe.database,
        ssl_disabled=True,
        defer_connect=True,
        autocommit=True,
        charset="utf8mb4",
        read_timeout=timeout,
        write_timeout=timeout,
    )


def _write_and_read(connection: Any) -> str:
    """The server's version; a MySQLError where a statement fails."""
    import pymysql

    table = identifier(f"lampctl_probe_{secrets.token_hex(6)}")
    word = secrets.token_hex(8)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (word VARCHAR(32) CHARACTER SET utf8mb4)")
        try:
            cursor.execute(f"INSERT INTO {table} VALUES (%s)", (word,))  # noqa: S608 -- quoted above
            cursor.execute(f"SELECT word, VERSION() FROM {table}")  # noqa: S608
            row = cursor.fetchone()
        finally:
            cursor.execute(f"DROP TABLE {table}")
    if not row or row[0] != word:
        raise pymysql.MySQLError(0, f"read back {row!r} instead of what was written")
    return str(row[1])
