# Ends the unit UNIT, which might be about to start.
tries=30
while [ "$tries" -gt 0 ] && ! systemctl is-active --quiet "$UNIT.service"; do
    tries=$((tries - 1))
    sleep 0.1
done
systemctl stop "$UNIT.service" 2>/dev/null || :
