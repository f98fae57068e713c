# Runs the Perl program ASK with the arguments ARGUMENTS, quoted words, by task.sh.
set -eu
printf '%s\n' "$ASK" | task / "exec perl - $ARGUMENTS" "$LIMIT"
