"""The stack that lampctl deploys, as pyinfra operations.

    pyinfra HOST pyinfra_stack.py --data resources=FILE

FILE is the JSON list that tests/bench/stack.py writes. Where the two tools differ, this one does less: no file is
rendered, no reload is derived, and pyinfra does not check whether a user's password is right.
"""

from __future__ import annotations

import json
from pathlib import Path

from pyinfra import host
from pyinfra.operations import apt, files, mysql, server, systemd

resources = json.loads(Path(host.data.resources).read_text())

apt.packages(packages=[item["name"] for item in resources if item["kind"] == "package"])

for item in resources:
    match item:
        case {"kind": "file", "name": path, "source": source, "mode": mode, "user": user, "group": group}:
            files.put(src=source, dest=path, user=user, group=group, mode=mode)
        case {"kind": "seed", "name": path}:
            files.file(path=path)
        case {"kind": "user", "name": user}:
            server.user(user=user, ensure_home=False)
        case {"kind": "secret", "name": path, "mode": mode, "user": user, "group": group}:
            files.file(path=path, user=user, group=group, mode=mode)
        case {"kind": "directory", "name": path, "mode": mode, "user": user, "group": group}:
            files.directory(path=path, user=user, group=group, mode=mode)
        case {"kind": "symlink", "name": path, "target": target}:
            files.link(path=path, target=target)
        case {"kind": "service", "name": unit}:
            systemd.service(service=unit, running=True, enabled=True)
        case {"kind": "database", "name": database}:
            mysql.database(database=database, charset="utf8mb4")
        case {"kind": "database-user", "name": account, "database": database}:
            user, _, origin = account.partition("@")
            mysql.user(user=user, user_hostname=origin)
            pattern = database.replace("_", "\\_")  # in a GRANT, _ is a wildcard
            mysql.privileges(user=user, user_hostname=origin, database=pattern, privileges="ALL")
