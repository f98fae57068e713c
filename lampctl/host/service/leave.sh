# Web servers give an instance no more requests while the file LEAVES, named by its port, is there.
# Whether something is being answered on the port $1. The kernel knows of each connection how long ago, in milliseconds, it sent
# data, got data, and got a segment. An idle one has sent its answer, for which it got an acknowledgement or which came later than
# the request; of what is not answered, the request is the last thing that came.
busy() {
    if ! command -v ss > /dev/null; then
        cat /proc/net/tcp /proc/net/tcp6 2> /dev/null |
            awk -v port="$(printf :%04X "$1")" 'substr($2, length($2) - 4) == port && $4 == "01" { found = 1 } END { exit !found }'
        return
    fi
    ss -Htni state established "( sport = :$1 )" | awk '
        function judge() { if (open && (queued || sent < 100 || (sent >= got && came >= got))) found = 1 }
        /^[^ \t]/ { judge(); open = 1; queued = $1 + $2; sent = got = came = 0; next }
        { for (i = 1; i <= NF; i++) { split($i, field, ":")
            if (field[1] == "lastsnd") sent = field[2]
            if (field[1] == "lastrcv") got = field[2]
            if (field[1] == "lastack") came = field[2] } }
        END { judge(); exit !found }'
}

# Returns once all is answered, or after five seconds: a program can finish what takes longer after SIGTERM.
leave() {
    mkdir -p "${LEAVES%/*}"
    chmod 755 "${LEAVES%/*}"
    : > "$LEAVES"
    trap 'rm -f "$LEAVES"' EXIT
    quiet=0 looks=50
    while [ "$quiet" -lt 2 ] && [ "$looks" -gt 0 ]; do # what a web server had chosen it for just before has begun then
        looks=$((looks - 1))
        sleep 0.1
        if busy "${LEAVES##*/}"; then quiet=0; else quiet=$((quiet + 1)); fi
    done
}

