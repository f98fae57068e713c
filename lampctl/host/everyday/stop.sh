# Ends the unit UNIT of a command; one that is about to start is waited for, PATIENCE tenths of a second.
while [ "$PATIENCE" -gt 0 ] && ! systemctl is-active --quiet "$UNIT.service"; do
    PATIENCE=$((PATIENCE - 1))
    sleep 0.1
done
systemctl stop "$UNIT.service" 2>/dev/null || :
