# Prints rows with fields between tabs, of UNITS. Lists are quoted words. WANTED: those that should run, between blanks;
# READS: a purpose, a unit and a path, of each that it reads; PATHS: these paths; SOCKETS: units, each with its socket.
eval "set -- $UNITS"
shown=$(systemctl show --timestamp=us+utc -p "$PROPERTIES" "$@" 2>/dev/null)
printf '%s\n' "$shown" | sed 's/^/show\t/'

# The newest change below each path.
if [ -n "$READS" ]; then
    eval "printf 'reads\\t%s\\t%s\\t%s\\n' $READS"
    eval "set -- $PATHS"
    find "$@" -printf '%H\t%C@\t%p\n' 2>/dev/null | awk -F '\t' '
        $2 >= when[$1] { when[$1] = $2; row[$1] = $0 }
        END { for (path in row) print "newest\t" row[path] }'
fi

eval "set -- $SOCKETS"
while [ "$#" -gt 1 ]; do
    [ -S "$2" ] || printf 'missing\t%s\t%s\n' "$1" "$2"
    shift 2
done

# The last log lines of a unit that exists and should run; a socket or timer fails because its service does.
down=$(printf '%s\n' "$shown" | awk -v RS= -F '\n' '/LoadState=loaded/ && !/ActiveState=active/ {
    for (i = 1; i <= NF; i++) if ($i ~ /^Id=/) print substr($i, 4) }')
for unit in $down; do
    case " $WANTED " in *" $unit "*) ;; *) continue ;; esac
    journalctl -q -u "$unit" -u "${unit%.*}.service" -n 12 --no-pager -o cat |
        awk -v unit="$unit" '{ gsub(/\t/, " "); print "log\t" unit "\t" $0 }'
done
