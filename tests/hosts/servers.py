"""Shell scripts that wait for what web servers still do after systemctl, or lampctl, has returned."""

from __future__ import annotations

# A stopping server first finishes its open requests, and ends after the deploy; until then a plan still shows it.
# `is-active` alone is not enough: it already fails while a unit is "deactivating".
SETTLED = """
for s in apache2 nginx; do
    systemctl is-enabled -q $s 2>/dev/null || timeout 60 sh -c \\
        "until systemctl show --value -p ActiveState $s | grep -qxE 'inactive|failed'; do sleep 0.1; done" || exit 1
done
"""


def reload(unit: str) -> str:
    """Reload a server, and wait until its old workers, which accept connections for a moment longer, have ended."""
    return (
        f"{{ old=$(pgrep -P $(cat /run/{unit}.pid /run/{unit}/{unit}.pid 2>/dev/null)); systemctl reload {unit}; "
        'for p in $old; do timeout 20 sh -c "while kill -0 $p 2>/dev/null; do sleep 0.05; done"; done; }'
    )
