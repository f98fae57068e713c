# Prints what the journal has of the run ID, each part below a line with its name.
run=/var/lib/lampctl/runs/$ID
for part in log outcome; do
    printf '%s %s\n' "$BOUNDARY" "$part"
    cat "$run/$part" 2>/dev/null
    echo
done
printf '%s end\n' "$BOUNDARY"
