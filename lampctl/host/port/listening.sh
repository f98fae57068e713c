# Prints the rows of the sockets that listen, of the tables tcp and tcp6. From /proc, because ss is not always installed. The kernel
# lists these sockets first: the others, of which a busy host has tens of thousands, take seconds to read.
listening() {
    for table; do
        awk 'NR > 1 { if ($4 != "0A") exit; print }' "/proc/net/$table" 2> /dev/null
    done
}
# Succeeds if a program listens on one of the ports $1: of four hexadecimal digits, between bars.
listens() { listening tcp tcp6 | grep -qE "^ *[0-9]+: [0-9A-F]+:($1) "; }
