# Records in the file MARKER that the site is a network of this KIND; if it was none, that is noted with the previous files.
[ -e "$MARKER" ] || [ ! -d "${KEPT:-/nonexistent}" ] || : > "$KEPT/${MARKER##*/}.single"
printf '%s\n' "$KIND" > "$MARKER.new"
chmod 644 "$MARKER.new"
sync "$MARKER.new"
mv "$MARKER.new" "$MARKER"
