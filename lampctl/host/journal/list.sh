# Prints each run of this host, the oldest first: its id, `running` if it has the lock, how it began, and how it ended.
state=/var/lib/lampctl
running=''
[ ! -e "$state/lock" ] || flock -n -s "$state/lock" true || running=running
# shellcheck disable=SC2012 # names are dates
latest=$(ls "$state/runs" 2>/dev/null | sort | tail -n 1)
# shellcheck disable=SC2012
ls "$state/runs" 2>/dev/null | sort | while IFS= read -r id; do
    now=''
    [ "$id" != "$latest" ] || now=$running
    printf '%s\t%s\t%s\t%s\n' "$id" "$now" "$(head -c 65536 "$state/runs/$id/begun")" "$(head -c 65536 "$state/runs/$id/ended" 2>/dev/null)"
done
