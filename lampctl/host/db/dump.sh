# Prints a dump of the database, compressed by the program PACK; before it a line with BOUNDARY, on stdout with the unit as well.
set -eu
login
printf '%s %s\n' "$BOUNDARY" "lampctl-task-$SITE-$$"
printf '%s\n' "$BOUNDARY" >&2
{ dump || echo "$?" > failed; } | $PACK
[ ! -e failed ] || exit "$(cat failed)"
