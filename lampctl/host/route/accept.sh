# Succeeds if stdin is what `with_log` prints of an answer below 500 that came by the route ROUTE, or of its target's maintenance.
tr -d '\r' | awk -F '\t' -v route="x-lampctl-route: $ROUTE" '
    $1 != "answer" { next }
    !status { split($2, words, " "); status = words[2]; next }
    $2 == "" { exit }
    tolower($2) == tolower(route) { found = status < 500 }
    tolower($2) ~ /^x-lampctl-maintenance: / { found = 1 }
    END { exit !found }'
