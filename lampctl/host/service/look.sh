# Prints rows with fields between tabs, of UNITS. Lists are quoted words. WANTED: those that should run, between blanks;
# READS: for each path that a unit reads, a purpose, the unit and the path; PATHS: these paths; SOCKETS: units, sockets, and their
# mode and owner (or the beginning of it).
eval "set -- $UNITS"
shown=$(systemctl show --timestamp=us+utc -p "$PROPERTIES" "$@" 2>/dev/null)
printf '%s\n' "$shown" | sed 's/^/show\t/'

# The newest change below each path. What is available changes with packages; only what a link enables is read.
if [ -n "$READS" ]; then
    eval "printf 'reads\\t%s\\t%s\\t%s\\n' $READS"
    eval "set -- $PATHS"
    {
        find "$@" -type d -name '*-available' -prune -o -printf '%H\t%C@\t%p\n'
        for path; do
            shift
            case $path in /etc/*) set -- "$@" "$path" ;; esac
        done
        [ "$#" -eq 0 ] || find -L "$@" -mindepth 2 -maxdepth 2 -path '*-enabled/*' -printf '%H\t%C@\t%p\n'
    } 2>/dev/null | awk -F '\t' '
        $2 >= when[$1] { when[$1] = $2; row[$1] = $0 }
        END { for (path in row) print "newest\t" row[path] }'
fi

eval "set -- $SOCKETS"
while [ "$#" -gt 2 ]; do
    if [ ! -S "$2" ]; then
        printf 'socket\t%s\t%s does not exist\n' "$1" "$2"
    else
        rights=$(stat -c '%a %U:%G' "$2" 2>/dev/null)
        case $rights in "$3"*) ;; *) printf 'socket\t%s\t%s: %s -> %s\n' "$1" "$2" "$rights" "$3" ;; esac
    fi
    shift 3
done

# A unit whose processes are stopped by a signal, or frozen, is active to systemd, and answers nothing. Of a unit that exists and
# should run, the last log lines; a socket or timer fails because its service does.
printf '%s\n' "$shown" | awk -v RS= -F '\n' '{
    id = pid = state = freezer = group = ""
    for (i = 1; i <= NF; i++) {
        if ($i ~ /^Id=/) id = substr($i, 4)
        if ($i ~ /^MainPID=/) pid = substr($i, 9)
        if ($i ~ /^FreezerState=/) freezer = substr($i, 14)
        if ($i ~ /^ControlGroup=/) group = "/sys/fs/cgroup" substr($i, 14) "/cgroup.procs"
    }
    stopped = freezer == "frozen"
    others = ""
    if (pid > 0 && (getline others < group) > 0) close(group)
    count = pid > 0 ? split(pid "\n" others, processes, "\n") : 0
    for (i = 1; i <= count && !stopped; i++) {
        file = "/proc/" processes[i] "/stat"
        if ((getline state < file) > 0) { sub(/.*[)] /, "", state); close(file); stopped = state ~ (i == 1 ? "^[Tt]" : "^T") }
    }
    if (stopped) print "frozen", id
    if (/LoadState=loaded/ && !/ActiveState=active/) print "down", id
}' | while read -r what unit; do
    case $what-" $WANTED " in
    frozen-*) printf 'frozen\t%s\n' "$unit" ;;
    down-*" $unit "*)
        journalctl -q -u "$unit" -u "${unit%.*}.service" -n 12 --no-pager -o cat </dev/null |
            awk -v unit="$unit" '{ gsub(/\t/, " "); print "log\t" unit "\t" $0 }'
        ;;
    esac
done

# Rows of the lines on its input: what depends on the unit $1.
dependents() {
    while IFS= read -r line; do printf 'dependent\t%s\t%s\n' "$1" "$line"; done
}
