# Prints a dump of the database, compressed by the program PACK; before it a line with BOUNDARY, on stdout with the unit as well.
set -eu
login
announce "$BOUNDARY"
{ dump || echo "$?" > failed; } | $PACK
[ ! -e failed ] || exit "$(cat failed)"
