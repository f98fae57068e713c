# Prints the generations that can be undone and that no run judged, with the id of their run, and `half` if the host had begun
# to undo it; the newest first.
state=/var/lib/lampctl
proved=$(cat "$state/proved" 2>/dev/null || echo 0)
# shellcheck disable=SC2012 # names are numbers
ls "$state/generations" 2>/dev/null | sort -rn | while IFS= read -r number; do
    [ "$number" -gt "$proved" ] || break
    kept=$state/generations/$number
    [ -e "$kept/undo.sh" ] && [ ! -e "$kept/kept" ] || continue
    half=''
    [ ! -e "$kept/abandoned" ] || half=half
    printf '%s\t%s\t%s\n' "$number" "$half" "$(cat "$kept/run" 2>/dev/null)"
done
