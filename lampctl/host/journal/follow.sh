# Prints the log of the run that has the lock while it is written, from its beginning; ends with the run. A run lets go of the
# lock for a moment between its stages.
state=/var/lib/lampctl
# shellcheck disable=SC2012 # names are dates
run=$state/runs/$(ls "$state/runs" 2>/dev/null | sort | tail -n 1)
busy() { [ -e "$state/lock" ] && ! flock -n -s "$state/lock" true; }
if ! busy || [ ! -e "$run/log" ]; then exit; fi
printf '%s %s\n' "$BOUNDARY" "${run##*/}"
tail -n +1 -s 0.1 -f "$run/log" &
while busy; do
    flock -s "$state/lock" true
    sleep 1
done
kill "$!"
