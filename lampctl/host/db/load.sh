# Loads a dump into the database, after a dump of what is there; if it fails, that one is loaded back. It is the dump NAME of this
# host, or comes on stdin: SIZE bytes (0: unknown), then BOUNDARY and its size when unpacked in LENGTH bytes. Without these the
# sender did not send all of it. Then texts are replaced in it: PAIRS, as replace.pl reads them (empty: none). Each line that it prints begins with a word; the last one is `end HOW`.
# Once the load has begun, it is finished or undone, whoever still reads: no signal of a lost connection ends this shell.
set -eu
trap '' PIPE HUP INT
umask 077
store=/var/lib/lampctl/dumps/$SITE
mkdir -p "$store"
say() { printf '%s\n' "$*" 2>/dev/null || :; }
show() { tail -c 4000 "$1" | tail -n 20 | sed "s/^/$2 /" || :; }
end() {
    rm -f "$store/incoming" "$store"/*.new
    say "end $*"
    exit 0
}
free() { df --output=avail -B1 "$1" | tail -n 1 | tr -d ' '; }
# Writes stdin to the file $1, and fails before the disk is full: the database server and other sites need it as well.
write() {
    most=$(($(free "$store") * 95 / 100))
    head -c "$most" > "$1" 2>/dev/null && [ "$(stat -c %s "$1")" -lt "$most" ]
}

# What the database has, as lines `KIND HEX`, of the name.
known="SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, table_name AS name
    FROM information_schema.tables WHERE table_schema = DATABASE()
    UNION ALL SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = DATABASE()
    UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = DATABASE()"

# MariaDB's sandbox line, which other clients and servers refuse, becomes an empty one, so that the numbers of lines stay; the client
# is restricted without it. What a dump says was made by another account (DEFINER) becomes the site's own: only an administrator
# may make it another's. A dump has no line breaks in its data, so no data begins like this.
# shellcheck disable=SC2016 # sed's
edits='/^\(\xef\xbb\xbf\)\?\/\*M\?!999999\\- .*\*\/[ ;\r]*$/s/.*//
s/^\(\/\*!50[0-9]* CREATE\*\/ \)\/\*!50[0-9]* DEFINER=`[^`]*`@`[^`]*`\*\/ /\1/
s/^CREATE DEFINER=`[^`]*`@`[^`]*` \(PROCEDURE\|FUNCTION\)/CREATE \1/
s/^\(\/\*!50013 \)DEFINER=`[^`]*`@`[^`]*` SQL/\1SQL/'

# Loads the file $1. A unit that was stopped may count as a success: so the end is marked.
load() {
    case $(head -c 2 "$1" | od -An -tx1) in ' 1f 8b') unpack='gzip -dc' ;; *) unpack='cat' ;; esac
    rm -f ended
    # shellcheck disable=SC2154 # login.sh has them
    client "$unpack 2>/dev/null | LC_ALL=C sed '$edits' 2>/dev/null |
        $program \"\$login\" --binary-mode $sandboxed '$DATABASE' >/dev/null; echo whole" < "$1" > ended 2> errors && grep -qx whole ended
}

# Drops what the database did not have before, then loads the safety dump.
restore() {
    had=$(grep -xE '[A-Z ]+ [0-9A-F]+' before | sed "s/.*/'&'/" | tr '\n' ,)
    printf 'SET SESSION foreign_key_checks = 0;\n' > drops
    printf "SELECT CONCAT('DROP ', kind, ' IF EXISTS \`', REPLACE(name, '\`', '\`\`'), '\`;') FROM (%s) AS found
        WHERE CONCAT(kind, ' ', HEX(name)) NOT IN (%s'');\n" "$known" "$had" | query --raw >> drops 2> errors &&
        load drops && load "$safety"
}

# Replaces texts in what was loaded. The statements are written first: a table can't be changed while it is read, with every engine.
# shellcheck disable=SC2154 # site/task.sh has unit and batch
replace() {
    [ -n "$PAIRS" ] || return 0
    say stage replace "$unit"
    rm -f "$store/incoming" failed
    {
        # shellcheck disable=SC2016 # the site's shell expands it
        printf '%s\n' "$PAIRS" | client 'exec perl "$CREDENTIALS_DIRECTORY/program" '"$program"' "$login" '"'$DATABASE'" \
            -p "LoadCredential=program:$batch/replace.pl" 2> found || echo "$?" > failed
    } | { gzip 2>/dev/null || :; } | write "$store/incoming" || { echo "not enough space in $store" > errors; return 1; }
    grep -v '^replaced ' found > errors || :
    [ ! -e failed ] && [ "$(gzip -dc "$store/incoming" 2>/dev/null | tail -n 1)" = '-- whole' ] || return 1
    load "$store/incoming" || return
    while IFS= read -r line; do say "$line"; done <<EOF
$(grep -E '^replaced [0-9a-f]+ [0-9]+ [0-9]+ [0-9]+$' found)
EOF
}

# Prints the address that WordPress has in its settings, if the database is of a WordPress: the shortest name is the first site's.
address() {
    query > settings <<'SQL' && query < settings | grep -E '^[0-9A-F]+$' | sed 's/^/siteurl /'
SELECT CONCAT('SELECT HEX(option_value) FROM `', REPLACE(table_name, '`', '``'), '` WHERE option_name = ''siteurl'' LIMIT 1;')
    FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name LIKE '%options' AND column_name IN ('option_name', 'option_value')
    GROUP BY table_name HAVING COUNT(*) = 2 ORDER BY LENGTH(table_name) LIMIT 1;
SQL
}

exec 9> "$store/lock"
flock -n 9 || { say end busy; exit 0; }
rm -f "$store/incoming" "$store"/*.new
[ ! -e "$store/unfinished" ] || say "unfinished $(cat "$store/unfinished")"
say stage login
code=0
login 2> errors || code=$?
case $code in 0) ;; 3) end no-client ;; 4) end no-password ;; *) show errors error; end login ;; esac
printf "SELECT CONCAT(kind, ' ', HEX(name)) FROM (%s) AS found;\n" "$known" | query > before 2> errors || { show errors error; end login; }
held=$(echo "SELECT COALESCE(SUM(data_length), 0) FROM information_schema.tables WHERE table_schema = DATABASE();" | query)
data=$(echo "SELECT @@datadir;" | query)
# With a binary log, a server wants an administrator for triggers and functions: they could not be loaded back.
bound=$(query <<'SQL'
SELECT IF(@@log_bin AND NOT @@log_bin_trust_function_creators,
    (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = DATABASE())
    + (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = 'FUNCTION'), 0);
SQL
)
[ "$bound" = 0 ] || end bound "$bound"

if [ -n "$NAME" ]; then
    ln "$store/$NAME" "$store/incoming" 2>/dev/null || { say "error kept: $(cd "$store" && echo *.sql.gz)"; end missing; }
    size=0
else
    say stage upload
    # shellcheck disable=SC2153 # a parameter
    [ "$SIZE" -lt $(($(free "$store") * 95 / 100)) ] || end full "$store" "$SIZE" "$(free "$store")"
    write "$store/incoming" || end full "$store" "$SIZE" "$(free "$store")"
    trailer=$(tail -c "$LENGTH" "$store/incoming" | tr -d '\000')
    case $trailer in "$BOUNDARY "*) size=$((${trailer##* })) ;; *) end cut ;; esac
    truncate -s "-$LENGTH" "$store/incoming"
fi

# shellcheck disable=SC2154 # site/task.sh has it
say stage safety "$unit"
safety=$store/$(date -u +%Y%m%dT%H%M%S.%NZ | sed 's/[0-9]\{6\}Z/Z/').sql.gz
{ dump 2> errors || echo "$?" > failed; } | { gzip 2>/dev/null || :; } | write "$safety.new" || end full "$store" 0 "$(free "$store")"
[ ! -e failed ] || { show errors error; end dump; }
show errors note
sync "$safety.new" 2>/dev/null || end full "$store" 0 "$(free "$store")"
mv "$safety.new" "$safety"
sync "$store"
say "safety $safety"
# The tables that it replaces make room.
if [ -z "$ADDRESS" ] && [ -d "$data" ] && [ "$size" -gt $((held + $(free "$data"))) ]; then end full "$data" "$size" "$(free "$data")"; fi

printf '%s\n' "$safety" > "$store/unfinished"
sync "$store/unfinished" "$store"
say stage load "$unit"
how=loaded
{ load "$store/incoming" && replace; } || {
    show errors error
    say stage restore
    how=restored
    restore || { show errors failure; end unrestored; }
}
rm -f "$store/unfinished"
[ "$how" != loaded ] || address 2>/dev/null | while IFS= read -r line; do say "$line"; done
# The last three are kept: this one, even if the clock was set back, and two others.
# shellcheck disable=SC2010 # names are dates
ls "$store" | grep -E '^[0-9T.]+Z[.]sql[.]gz$' | grep -vxF "${safety##*/}" | sort -r | tail -n +3 |
    while IFS= read -r old; do rm -f "$store/$old"; done
end "$how"
