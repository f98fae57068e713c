# Web servers give an instance no more requests while the file LEAVES, named by its port, is there.
# Where ss is missing: the kernel's tables of TCP connections, in which the state 01 is an established one.
tables='/proc/net/tcp /proc/net/tcp6'

# Whether something is being answered on the port $1, by a look that takes $2 seconds at most. The kernel knows of each connection how
# long ago, in milliseconds, it sent data, got data, and got a segment. An idle one has sent its answer, for which it got an
# acknowledgement or which came later than the request; of what is not answered, the request is the last thing that came.
# Without ss, each connection counts; a table of many is not read beyond the first match, and may not be read in time at all.
busy() {
    if ! command -v ss > /dev/null; then
        # shellcheck disable=SC2086 # two words
        LC_ALL=C timeout "$2" grep -qs "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F:]* 01 " $tables || [ "$?" -eq 124 ]
        return
    fi
    timeout "$2" ss -Htni state established "( sport = :$1 )" | awk '
        function judge() { if (open && (queued || sent < 100 || (sent >= got && came >= got))) found = 1 }
        /^[^ \t]/ { judge(); open = 1; queued = $1 + $2; sent = got = came = 0; next }
        { for (i = 1; i <= NF; i++) { split($i, field, ":")
            if (field[1] == "lastsnd") sent = field[2]
            if (field[1] == "lastrcv") got = field[2]
            if (field[1] == "lastack") came = field[2] } }
        END { judge(); exit !found }'
}

# Hundredths of a second since the host started: its clock can be set.
uptime() {
    read -r up _ < /proc/uptime
    echo $((${up%.*} * 100 + 1${up#*.} - 100))
}

# Returns once all is answered, or after five seconds: a program can finish what takes longer after SIGTERM. The time counts, and not
# the looks: on a host with many connections or much to do, each of them takes a while.
leave() {
    mkdir -p "${LEAVES%/*}"
    chmod 755 "${LEAVES%/*}"
    : > "$LEAVES"
    trap 'rm -f "$LEAVES"' EXIT
    quiet=0 end=$(($(uptime) + 500))
    while [ "$quiet" -lt 2 ]; do # what a web server had chosen it for just before has begun then
        sleep 0.1
        left=$((end - $(uptime)))
        [ "$left" -gt 0 ] || break
        if busy "${LEAVES##*/}" "$(printf %d.%02d $((left / 100)) $((left % 100)))"; then quiet=0; else quiet=$((quiet + 1)); fi
    done
}
