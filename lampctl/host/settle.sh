# Ends a generation that was applied and checked: either it is proved, or it is undone.
state=/var/lib/lampctl
exec 9>>"$state/lock"
flock -w 10 9 || { echo "@@locked $(cat "$state/lock")"; exit 4; }
if [ "$(cat "$state/generation")" != "$GENERATION" ]; then # a run since then: what was judged is not there any more
    echo "@@overtaken"
    exit 0
fi
case $VERDICT in
proved)
    cp passed "$state/passed.new" && mv "$state/passed.new" "$state/passed"
    echo "$GENERATION" > "$state/proved.new" && mv "$state/proved.new" "$state/proved"
    # shellcheck disable=SC2012 # names are numbers
    ls "$state/generations" | sort -n | head -n -5 | while IFS= read -r old; do rm -rf "$state/generations/$old"; done
    ;;
undo)
    if [ -e "$state/generations/$GENERATION/undo.sh" ]; then
        { sh "$state/generations/$GENERATION/undo.sh" </dev/null 9>&-; echo $? > rc; } 2>&1 | sed 's/^/| /'
        echo "@@undone $(cat rc)"
    fi
    ;;
esac
