# Prints what somebody changed of FILE, which is of PACKAGES (quoted words), and what the shell command MORE prints: sites that
# only this file would include.
if [ ! -e "$FILE" ] || grep -q 'Managed by lampctl' "$FILE"; then exit 0; fi
eval "set -- $PACKAGES"
dpkg -V 2>/dev/null "$@" | grep -F "$FILE"
sh -c "$MORE"
:
