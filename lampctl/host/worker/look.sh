# Prints rows with fields between tabs, of the workers UNITS (quoted words): what each does once its process is SETTLE seconds
# old, or has ended meanwhile; how often it failed lately; its last log lines if it does not run well; and where the link CURRENT
# leads. A worker that dies soon after each start is active whenever one looks once; so a young process is watched.
states() {
    systemctl show -p Id,ActiveState,MainPID,NRestarts,ExecMainStartTimestampMonotonic "$@" |
        awk -v RS= -F '\n' -v up="$(cut -d ' ' -f 1 /proc/uptime)" '{
            for (i = 1; i <= NF; i++) { at = index($i, "="); value[substr($i, 1, at - 1)] = substr($i, at + 1) }
            age = value["ActiveState"] == "active" ? up - value["ExecMainStartTimestampMonotonic"] / 1000000 : -1
            print value["Id"], value["ActiveState"], value["MainPID"], value["NRestarts"], age
        }'
}
# Adds to each row of the second state: `waits`, `ended` or `runs`. A process that was old at first may end while one looks, and
# one that is about to start had ended before.
judged() {
    { printf '%s\n' "$first" | sed 's/^/first /'; printf '%s\n' "$now" | sed 's/^/now /'; } | awk -v settle="$SETTLE" '
        $1 == "first" { restarts[$2] = $5; allowed[$2] = $6 < 0 || $6 >= settle; next }
        { state = $6 >= settle ? "runs" : $5 - restarts[$2] > allowed[$2] ? "ended" : $3 ~ /^(active|activating|deactivating)$/ ? "waits" : "ended"
          print $2, state, $4, $5, $6 }'
}
eval "set -- $UNITS"
now=$(states "$@") first=$now left=$((SETTLE * 5 + 10))
while found=$(judged); [ "$left" -gt 0 ]; do
    case $found in *' waits '*) ;; *) break ;; esac
    sleep 0.2
    left=$((left - 1)) now=$(states "$@")
done
printf '%s\n' "$found" | while read -r unit state pid restarts age; do
    failures=0
    if [ "$restarts" -ge 3 ]; then # systemd's own record of each failed process; one that outlives them has recovered
        failures=$(journalctl -q -o short-unix --since -2min _PID=1 "UNIT=$unit" \
            MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c </dev/null |
            awk -v age="$age" 'NR > 1 && $1 - last > gap { gap = $1 - last } { last = $1 }
                END { print age < 1.5 * gap ? NR : 0 }')
    fi
    at=$(printf %s "$(readlink "/proc/$pid/cwd" 2>/dev/null)" | tr '\n\t' '??' | head -c 300)
    printf 'worker\t%s\t%s\t%s\t%s\n' "$unit" "$state" "$failures" "$at"
    if [ "$state" != runs ] || [ "$failures" -ge 3 ]; then
        journalctl -q -u "$unit" -n 40 --no-pager -o cat </dev/null |
            grep -v -e "^$unit: Scheduled restart" -e "^Starting $unit" -e "^Started $unit" | gist 12 |
            awk -v unit="$unit" '{ gsub(/\t/, " "); print "log\t" unit "\t" $0 }'
    fi
done
[ -z "$CURRENT" ] || printf 'served\t%s\n' "$(readlink "$CURRENT")"
