# Stops UNIT by the shell command DRAIN, and waits until its PORTS are free (a pattern of their numbers in hexadecimal).
# It waits for the ports only: open requests are answered while the next server starts. SUCCESSORS (quoted words) are enabled
# first, so that a host that reboots or loses its power meanwhile boots with a server.
eval "set -- $SUCCESSORS"
[ "$#" -eq 0 ] || systemctl enable --quiet "$@"
sync -f /etc/systemd/system
systemctl disable --quiet "$UNIT"
systemctl is-active --quiet "$UNIT" || exit 0
cgroup=/sys/fs/cgroup$(systemctl show --value -p ControlGroup "$UNIT")
sh -c "$DRAIN"
tries=500
while listens "$PORTS"; do
    tries=$((tries - 1)); [ "$tries" -gt 0 ] || { echo "$UNIT did not release its ports"; exit 1; }
    sleep 0.02
done
# systemctl stop runs when no process is left: earlier, it would kill those that still answer requests.
# shellcheck disable=SC2016 # the shell that is started expands them
setsid sh -c 'n=600; while [ -n "$(cat "$1/cgroup.procs")" ] && [ "$n" -gt 0 ]; do n=$((n - 1)); sleep 0.1; done
    systemctl stop --no-block "$2"' - "$cgroup" "$UNIT" >/dev/null 2>&1 </dev/null 9>&- &
