# Holds the lock until the controller has judged what was applied. If it does not, it may be gone: then the sites' own pages
# decide. If they answer, what was applied stays, and the next run proves it; otherwise the previous files come back.
if timeout "$LIMIT" sh -c 'read -r _ < awaiting' 9>&-; then
    rm -f awaiting
    exit
fi
rm -f awaiting
ended() { printf '{"verdict": "%s", "ended": %s}\n' "$1" "$(date +%s)" > "$JOURNAL/ended"; }
answer() {
    for page in pages/*; do
        [ -e "$page" ] || continue
        timeout -k 1 "${page##*-}" sh "$page" </dev/null >/dev/null 2>&1 9>&- || return 1
    done
}
if answer; then
    echo "@@unseen"
    ended unproved
    exit
fi
: > abandoned
echo "@@abandoned"
{ sh ./undo.sh 9>&-; echo $? > rc; } 2>&1 | while IFS= read -r line; do printf '| %s\n' "$line"; done
echo "@@undone $(cat rc)"
ended abandoned
