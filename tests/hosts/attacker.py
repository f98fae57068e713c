"""The attacks of a hostile site's user. Runs on the host with Debian's python3-minimal, so it imports nothing of tests or
lampctl. Arguments: the number of seconds, the user's own directories, and the paths that it tries to read.

Prints whatever it could read and should not have.
"""

import contextlib
import os
import socket
import sys
import time

BAIT = ("/etc/passwd", "/etc/shadow", "/srv/bait", "/usr/lib/systemd/system-generators", "/etc/lampctl/secrets")
MARK = b"env[DB_PASSWORD]"


def swap(folder: str) -> None:
    """Replace files that lampctl has written here, and folders that it might create, with links."""
    for number, name in enumerate(os.listdir(folder)):
        if name.startswith("lampctl-") or name in ("releases", "current", "upgrade", "cgi-bin", "index.php"):
            path = os.path.join(folder, name)
            try:
                os.symlink(BAIT[number % len(BAIT)], path + ".mine")
                os.rename(path + ".mine", path)
            except OSError:
                pass
    for name in ("releases", "current", "upgrade", "index.php.lampctl-new", "lampctl-probe-x.php"):
        with contextlib.suppress(OSError):
            os.symlink(BAIT[len(name) % len(BAIT)], os.path.join(folder, name))


def read(path: str) -> None:
    try:
        with open(path, "rb") as stream:
            print("read", path, stream.read(80), flush=True)
    except OSError:
        pass


def spy() -> None:
    """Look for secrets in the environment, arguments and descriptors of other processes."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{pid}").st_uid == os.getuid():
                continue
            with open(f"/proc/{pid}/environ", "rb") as stream:
                print("environment of", pid, stream.read(80), flush=True)
        except OSError:
            pass
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as stream:
                if MARK in stream.read():
                    print("a password in the arguments of", pid, flush=True)
        except OSError:
            pass


def bind(held: list[socket.socket]) -> None:
    """Bind the ports on which other sites might be about to listen."""
    for port in (8000, 8001, 8080, 8081, 9000):
        server = socket.socket()
        try:
            server.bind(("127.0.0.1", port))
            server.listen()
            held.append(server)
        except OSError:
            server.close()


def main() -> None:
    end = time.time() + float(sys.argv[1])
    folders = [f for f in sys.argv[2].split(":") if f]
    wanted = sys.argv[3:]
    turn = 0
    while time.time() < end and not os.path.exists("/run/over"):
        turn += 1
        for folder in folders:
            with contextlib.suppress(OSError):
                swap(folder)
        if turn % 50 == 1:
            for path in wanted:
                read(path)
            spy()
        if turn % 200 == 1:
            held: list[socket.socket] = []
            bind(held)
            time.sleep(0.2)
            for server in held:
                server.close()
        time.sleep(0.002)


main()
