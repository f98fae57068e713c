# Prints the edits of FILE, which belongs to PACKAGES (quoted words), and the output of the shell command MORE: sites that only
# this file includes. An empty file is what a power failure leaves of one: nobody edited it.
if [ ! -s "$FILE" ] || grep -q 'Managed by lampctl' "$FILE"; then exit 0; fi
eval "set -- $PACKAGES"
dpkg -V 2>/dev/null "$@" | grep -F "$FILE"
sh -c "$MORE"
:
