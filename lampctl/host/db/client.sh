# A client of the database, with OPTIONS; its streams are those of this shell, with a terminal of their own where MODE is --pty:
# of ROWS and COLUMNS, and of the kind KIND. Before anything of it comes a line with BOUNDARY, on stdout with the unit as well.
set -eu
login
# shellcheck disable=SC2034 # task.sh reads it
streams=$MODE
announce "$BOUNDARY"
size=''
[ "$MODE" != --pty ] || size="stty rows $ROWS cols $COLUMNS 2>/dev/null || :; "
# shellcheck disable=SC2154 # db/login.sh has it
client "${size}exec $program \"\$login\" $OPTIONS '$DATABASE'" -E "TERM=$KIND"
