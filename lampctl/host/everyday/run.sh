# Runs the shell line COMMAND as the user ACCOUNT of SITE in FOLDER; its streams are those of this shell, with a terminal of
# their own where MODE is --pty. Before anything of it comes a line with BOUNDARY, on stdout with the unit as well. KIND is the
# terminal, PROMPT what its shell asks with.
set -eu
# shellcheck disable=SC2154 # enter.sh has it
(enter "/var/www/$SITE" || { echo "$why" >&2; exit 1; }; cache)
# shellcheck disable=SC2034 # task.sh reads it
streams=$MODE
announce "$BOUNDARY"
task "$FOLDER" "$COMMAND" infinity -E "TERM=$KIND" -E LANG=C.UTF-8 -E "PS1=$PROMPT"
