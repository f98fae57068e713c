# Waits until no run has the lock.
flock -w "$WAIT" -s /var/lib/lampctl/lock true
