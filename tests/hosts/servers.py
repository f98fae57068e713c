"""Shell that waits for what web servers do after systemctl, or lampctl, has returned."""

from __future__ import annotations

# A server that was told to go answers what it has begun first, and ends after the deploy: until it has, a plan still shows it.
# `is-active` alone is not enough: it says no as soon as a unit is "deactivating".
SETTLED = """
for s in apache2 nginx; do
    systemctl is-enabled -q $s 2>/dev/null || timeout 60 sh -c \\
        "until systemctl show --value -p ActiveState $s | grep -qxE 'inactive|failed'; do sleep 0.1; done" || exit 1
done
"""


def reload(unit: str) -> str:
    """Reloads a server, and waits until its workers of before, which take connections for a moment more, are gone."""
    return (
        f"{{ old=$(pgrep -P $(cat /run/{unit}.pid /run/{unit}/{unit}.pid 2>/dev/null)); systemctl reload {unit}; "
        'for p in $old; do timeout 20 sh -c "while kill -0 $p 2>/dev/null; do sleep 0.05; done"; done; }'
    )
