"""The secret by which Apache recognises requests from NGINX in front of it; both read it from files of root.

Apache can't listen on a Unix socket, and any user of the host can connect to its port. So it answers only requests with
the secret. The header of a visitor's address has the secret in its name: mod_remoteip reads it before any rule applies.
"""

from __future__ import annotations

from lampctl.resources import Secret
from lampctl.resources.secret import DIRECTORY

HEADER = "X-Lampctl-Front"
NGINX = f"{DIRECTORY}/@front.nginx"
APACHE = f"{DIRECTORY}/@front.apache"

SECRET = Secret(
    "@front",  # no site can have this name
    "web",
    "FRONT",
    copies=(
        (APACHE, "Define LAMPCTL_FRONT &"),
        (NGINX, f'proxy_set_header {HEADER} "&";\\nproxy_set_header {HEADER}-& $remote_addr;'),
    ),
)

# Shell that prints the header, for requests to Apache itself; as root.
PRINT_HEADER = f"sed -n 's/^Define LAMPCTL_FRONT \\(.*\\)$/{HEADER}: \\1\\r/p' {APACHE}"

# For templates.
NAMES = {"header": HEADER, "nginx": NGINX, "apache": APACHE}
