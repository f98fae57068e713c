# Records in the file RECORD which plugins, as WANTED, have been activated. What it said before is kept with the previous files.
(umask 077 && mkdir -p "${RECORD%/*}")
former=$(cat "$RECORD" 2>/dev/null || :)
[ ! -d "${KEPT:-/nonexistent}" ] || printf '%s\n' "$former" > "$KEPT/${RECORD##*/}.activated"
(umask 077 && printf '%s\n' "$WANTED" > "$RECORD.new")
sync "$RECORD.new"
mv "$RECORD.new" "$RECORD"
