# Prints `PORT PID NAME` of who listens on PORT; nothing while one of UNITS (quoted words) is active. /proc alone tells: ss is
# not everywhere. The look through all open files is taken only where somebody listens.
eval "set -- $UNITS"
for unit; do
    if systemctl is-active --quiet "$unit"; then exit 0; fi
done
inodes=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port="$(printf :%04X "$PORT")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }')
for inode in $inodes; do
    fd=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n1)
    pid=${fd#/proc/}; pid=${pid%%/*}
    echo "$PORT $pid $(cat "/proc/$pid/comm" 2>/dev/null)"
done
