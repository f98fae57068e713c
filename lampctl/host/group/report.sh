# Prints what the other hosts of a group have to know, as rows of a site of SITES and a text: `served`, the link to its release;
# `held`, the releases of a rollback that holds it; `ran`, for which release its hooks after the switch have run.
eval "set -- $SITES"
for site; do
    printf 'served\t%s\t%s\n' "$site" "$(readlink "/var/www/$site/current")"
    printf 'held\t%s\t%s\n' "$site" "$(readlink "$HOLDS/$site")"
    printf 'ran\t%s\t%s\n' "$site" "$(cat "$RECORDS/$site" 2>/dev/null)"
done
