# Removes all runs from the journal but the last MOST. The caller has the lock.
prune_runs() {
    # shellcheck disable=SC2012,SC2154 # names are dates; the caller has `state`
    ls "$state/runs" 2>/dev/null | sort | head -n "-$MOST" | while IFS= read -r old; do rm -rf "$state/runs/$old"; done
}
