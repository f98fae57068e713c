# Succeeds if stdin is what `page` prints of a page that works: one of STATUSES, complete, not blank, without an error of PHP.
awk -F '\t' -v statuses=" $STATUSES " '
    $1 == "page" { seen[$2] = $3 }
    END {
        bad = "failure" in seen || "loop" in seen || "php" in seen || seen["expected"] == "no"
        bad = bad || (seen["status"] == 200 && seen["visible"] == "no")
        exit bad || !index(statuses, " " seen["status"] " ")
    }'
