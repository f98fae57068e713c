# Ends the unit UNIT of a command: nobody reads what it prints.
systemctl stop "$UNIT.service" 2>/dev/null || :
