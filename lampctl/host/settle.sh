# Ends a generation that was applied and checked: it is proved, rolled back, or kept though a check fails that failed before.
# WHICH is the generation to roll back: the newest, or an older one that nobody judged, once those above it are undone. The
# last MOST generations stay.
state=/var/lib/lampctl
judged=$state/generations/$GENERATION
# Who waits for the verdict has the lock.
# shellcheck disable=SC2016 # the other shell expands it
if [ -p "$judged/awaiting" ]; then timeout 5 sh -c 'echo > "$1"' - "$judged/awaiting"; fi
exec 9>>"$state/lock"
flock -w 10 9 || { echo "@@locked $(cat "$state/lock")"; exit 4; }
# A later run changed the host, or the host itself went back, unless that was cut off and is to be completed.
if [ "$(cat "$state/generation")" != "$GENERATION" ] ||
    { [ -n "$ID" ] && [ -e "$judged/abandoned" ] && ! { [ "$VERDICT" = undone ] && [ -e "$judged/undo.sh" ]; }; }; then
    echo "@@overtaken"
    exit 0
fi
journal=$state/runs/$ID
if [ -n "$ID" ] && [ -d "$journal" ]; then cp ended outcome "$journal"; fi
case $VERDICT in
proved)
    cp passed "$state/passed.new" && mv "$state/passed.new" "$state/passed"
    echo "$GENERATION" > "$state/proved.new" && mv "$state/proved.new" "$state/proved"
    prove_releases
    prune_maintenance
    # shellcheck disable=SC2012 # names are numbers
    ls "$state/generations" | sort -n | head -n "-$MOST" | while IFS= read -r old; do rm -rf "$state/generations/$old"; done
    ;;
undone)
    if [ -e "$state/generations/$WHICH/undo.sh" ]; then
        { sh "$state/generations/$WHICH/undo.sh" </dev/null 9>&-; echo $? > rc; } 2>&1 | sed 's/^/| /'
        echo "@@undone $(cat rc)"
    fi
    ;;
kept) : > "$judged/kept" ;;
esac
