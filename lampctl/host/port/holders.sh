# Prints `PORT PID UNIT NAME` of each listener on PORT, UNIT `-` if it is in none; nothing while one of UNITS (quoted words) is
# active. The slow search through all open files runs only if something listens.
eval "set -- $UNITS"
for unit; do
    if systemctl is-active --quiet "$unit"; then exit 0; fi
done
inodes=$(listening tcp tcp6 | awk -v port="$(printf :%04X "$PORT")" 'substr($2, length($2) - 4) == port { print $10 }')
for inode in $inodes; do
    fd=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n1)
    pid=${fd#/proc/}; pid=${pid%%/*}
    unit=$(sed -n 's|^0::.*/\([^/]*\.service\)$|\1|p' "/proc/$pid/cgroup" 2>/dev/null)
    echo "$PORT $pid ${unit:--} $(cat "/proc/$pid/comm" 2>/dev/null)"
done
