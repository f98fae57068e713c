# Prints rows with fields between tabs, of the services of schedules: pairs of a unit and its file in UNITS (quoted words). Their
# last run: its result, exit status and state; when it began (or ended, before the host started), and when the unit, or what it
# reads (READS, quoted words), was changed, in seconds since the epoch; and its log if it failed.
eval "set -- $READS"
newest() { stat -c %Z "$@" 2>/dev/null | sort -n | tail -n 1; }
since=$(newest "$@")
# The end of the last run of the unit $1, which systemd wrote to the journal: it does not remember runs before its own start.
# Only _PID=1 tells that it was systemd: any program can write the other fields.
recorded() {
    journalctl -q -n 1 -o export --output-fields=UNIT_RESULT,INVOCATION_ID _PID=1 "UNIT=$1" \
        MESSAGE_ID=d9b373ed55a64feb8242e02dbe79a49c MESSAGE_ID=7ad2d189f7e94e70a38c781354912448 |
        sed -n 's/^__REALTIME_TIMESTAMP=\(.*\)......$/ExecMainStartTimestamp=@\1/p; s/^UNIT_RESULT=/Result=/p
            s/^INVOCATION_ID=/InvocationID=/p'
}
eval "set -- $UNITS"
while [ "$#" -gt 1 ]; do
    found=$(systemctl show --timestamp=unix -p Result,ExecMainStatus,ActiveState,InvocationID,ExecMainStartTimestamp "$1")
    value() { printf '%s\n' "$found" | sed -n "s/^$1=@*//p" | tail -n 1; }
    [ -n "$(value ExecMainStartTimestamp)" ] || found=$found$(printf '\n%s' "$(recorded "$1")")
    changed=$(newest "$2")
    [ "${changed:-0}" -gt "${since:-0}" ] || changed=$since
    result=$(value Result) run=$(value InvocationID)
    printf 'run\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$result" "$(value ExecMainStatus)" "$(value ActiveState)" \
        "$(value ExecMainStartTimestamp)" "${changed:-0}"
    if [ "$result" != success ] && [ -n "$run" ]; then
        # Of a process that has ended at once, the journal may know the unit only.
        journalctl -q -n 12 --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$run" + "_SYSTEMD_UNIT=$1" + "INVOCATION_ID=$run" _PID=1 |
            awk -v unit="$1" '{ gsub(/\t/, " "); print "log\t" unit "\t" $0 }'
    fi
    shift 2
done
