"""Times that people write: 1h, yesterday, 2026-11-28 06:00."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from lampctl.errors import UsageError

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOST = 100 * 366 * 86_400  # seconds


def since(text: str, now: datetime | None = None) -> int:
    """Seconds before now, negative; or since the epoch; 0 for an empty text. A time without a zone is this machine's.

    Raises:
        UsageError: It is not a time, or in the future.
    """
    now = now or datetime.now().astimezone()
    if not text:
        return 0
    if ago := re.fullmatch(r"(\d{1,12})([smhdw])", text.strip(), re.ASCII):
        return -min(int(ago[1]) * _SECONDS[ago[2]], _MOST) or -1
    found = _moment(text.strip(), now)
    if found is None:
        raise UsageError(
            f"--since {text} is not a time",
            'use 30m, 1h, 2d, today, yesterday, 06:00, "2026-11-28 06:00"; a time without a zone is this machine\'s',
            kind="since",
        )
    if found > now:
        raise UsageError(f"--since {text} is in the future", f"now it is {now:%Y-%m-%d %H:%M %z}", kind="since")
    return max(int(found.timestamp()), 1)


def _moment(text: str, now: datetime) -> datetime | None:
    midnight = datetime.combine(now.date(), time())
    days = {"today": 0, "yesterday": 1}.get(text.lower())
    if days is not None:
        return (midnight - timedelta(days=days)).astimezone()
    try:
        if re.fullmatch(r"\d\d?:\d\d(:\d\d)?", text, re.ASCII):
            return datetime.combine(now.date(), time.fromisoformat(text.zfill(5))).astimezone()
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        return None
