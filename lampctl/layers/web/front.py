"""What Apache believes of NGINX before it: a secret of this host, which both read from files of root's.

Apache can't listen on a Unix socket, and any user of the host can connect to its port. So it answers only requests that
have the secret. A visitor's address is in a header whose name has it, as mod_remoteip looks before any rule does.
"""

from __future__ import annotations

from lampctl.resources import Secret
from lampctl.resources.secret import DIRECTORY

HEADER = "X-Lampctl-Front"
NGINX = f"{DIRECTORY}/@front.nginx"
APACHE = f"{DIRECTORY}/@front.apache"

SECRET = Secret(
    "@front",  # no site is called so
    "web",
    "FRONT",
    copies=(
        (APACHE, "Define LAMPCTL_FRONT &"),
        (NGINX, f'proxy_set_header {HEADER} "&";\\nproxy_set_header {HEADER}-& $remote_addr;'),
    ),
)

# Shell that prints the header for who asks Apache directly, as root.
SAY = f"sed -n 's/^Define LAMPCTL_FRONT \\(.*\\)$/{HEADER}: \\1\\r/p' {APACHE}"

# What templates are told.
NAMES = {"header": HEADER, "nginx": NGINX, "apache": APACHE}
