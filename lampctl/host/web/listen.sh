# Prints `PORT 4` and `PORT 6` if something listens on PORT of every address of that family; PORT for each of PORTS (quoted words).
# `6 wanted` if the host has a global IPv6 address. One socket can serve both families: then only the second line is there.
eval "set -- $PORTS"
for port; do
    hex=$(printf %04X "$port")
    listening tcp | grep -q " 00000000:$hex " && echo "$port 4"
    listening tcp6 | grep -q " 00000000000000000000000000000000:$hex " && echo "$port 6"
done 2>/dev/null
awk '$4 == "00" { print "6 wanted"; exit }' /proc/net/if_inet6 2>/dev/null
:
