"""Making directories: before anything is put into them, and each as the one whose directory it lies in."""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import split

from lampctl.resources.base import Step
from lampctl.resources.file import Directory
from lampctl.resources.shell import quote


def steps(directories: Sequence[Directory]) -> list[Step]:
    """One step for all; they stay where a run is undone, as an empty directory does no harm."""
    if not directories:
        return []
    script = ". ./enter.sh\n" + "".join(map(_script, directories))
    layers = {directory.layer for directory in directories}
    layer = layers.pop() if len(layers) == 1 else "linux"
    return [Step("directories", layer, script, owns=tuple(directory.key for directory in directories))]


def _script(directory: Directory) -> str:
    parent, name = split(directory.path)
    given = {"parent": quote(parent), "name": quote(name), "mode": f"{directory.mode:o}"}
    if directory.tenant:
        return _AS_TENANT.format(tenant=quote(directory.tenant), **given)
    reader = f"setfacl -m {quote(f'u:{directory.reader}:r-x,g::r-x')} ." if directory.reader else ":"
    return _AS_ROOT.format(reader=reader, owner=quote(directory.owner), **given)


# By the working directory and not by name: it is what was entered, whatever the name comes to mean. The reader first,
# so that nobody who may read it now is kept out meanwhile.
_AS_ROOT = r"""
(
    enter {parent} make || {{ echo "$why"; exit 1; }}
    [ -d ./{name} ] || mkdir -m 700 ./{name}
    cd -P ./{name}
    {reader}
    chown {owner} .
    chmod {mode} .
)
"""
_AS_TENANT = """within {parent} {tenant} 'mkdir -p "$1"; chmod "$2" "$1"' ./{name} {mode} </dev/null
"""
