# Prints for each of EXTRAS, such as plugins/shop, between tabs: its name, where the link in FOLDER leads, and the checksum of the
# list of checksums of its files below DELIVERED. And `record`, with what RECORD says and the release that is served.
eval "set -- $EXTRAS"
for extra; do
    printf '%s\t%s\t' "$extra" "$(readlink "$FOLDER/$extra")"
    (cd "$DELIVERED/$extra" 2>/dev/null && find . -type f -exec sha256sum {} + | LC_ALL=C sort | sha256sum | cut -d ' ' -f 1) || echo
done
printf 'record\t%s\t%s\n' "$(cat "$RECORD" 2>/dev/null)" "$(readlink "${DELIVERED%%/current/*}/current")"
