# Prints the generations that can be undone, the newest first: number, run, the playbook's record, and `whole` if they have all
# that it takes; those of older versions of lampctl have not.
state=/var/lib/lampctl
# shellcheck disable=SC2012 # names are numbers
ls "$state/generations" 2>/dev/null | sort -rn | while IFS= read -r number; do
    kept=$state/generations/$number
    [ -e "$kept/undo.sh" ] || continue
    whole=''
    [ ! -d "$kept/again" ] || whole=whole
    printf '%s\t%s\t%s\t%s\n' "$number" "$(cat "$kept/run" 2>/dev/null)" "$(cat "$kept/playbook" 2>/dev/null)" "$whole"
done
