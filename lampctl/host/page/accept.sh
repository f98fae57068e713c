# Succeeds if stdin is what `page` prints of a page that works: one of STATUSES, complete, not blank, without an error of PHP. With
# LAMPCTL_FORMER in the environment, it is of another release, which need not have the expected text.
awk -F '\t' -v statuses=" $STATUSES " '
    $1 == "page" { seen[$2] = $3 }
    END {
        bad = "failure" in seen || "loop" in seen || "php" in seen || (seen["expected"] == "no" && !ENVIRON["LAMPCTL_FORMER"])
        bad = bad || (seen["status"] == 200 && seen["visible"] == "no")
        exit bad || !index(statuses, " " seen["status"] " ")
    }'
