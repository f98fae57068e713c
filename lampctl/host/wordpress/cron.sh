# Prints, each line after a name and a tab: `result` of UNIT's last run, the `log` of that run; and, with the database CLIENT, when
# the first event of WordPress's cron was `due`, and its `lock`, in seconds since the epoch. SQL selects both.
systemctl show --value -p Result "$UNIT" | sed 's/^/result\t/'
run=$(systemctl show --value -p InvocationID "$UNIT")
if [ -n "$run" ]; then set -- "_SYSTEMD_INVOCATION_ID=$run"; else set -- -u "$UNIT"; fi
printed=$(journalctl -q -n 300 --no-pager -o cat "$@")
{ # WordPress prints a page of HTML after an error
    printf '%s\n' "$printed" | grep -aE 'PHP [A-Z][a-z]+ error|database error|Error establishing' | tail -n 6
    printf '%s\n' "$printed" | tail -n 6
} | sed 's/^/log\t/'
[ -z "$CLIENT" ] || printf '%s\n' "$SQL" | sh -c "$CLIENT"
