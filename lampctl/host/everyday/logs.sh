# Prints the records of the sites, BOUNDARY, and the logs of SITE or of all sites as logs.pl merges them: COUNT lines at most, those
# SINCE a time. FOLLOW: 1 until stdin ends.
printf '%s\n' "$BOUNDARY"
exec perl ./logs.pl "$SITE" "$COUNT" "$SINCE" "$FOLLOW"
