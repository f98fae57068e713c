# Removes the links at a site's former paths, and the copies there: PATHS (quoted words).
eval "set -- $PATHS"
for path; do
    if [ -L "$path" ] || [ -f "$path" ]; then rm "$path"; fi
done
