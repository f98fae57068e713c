# Deletes the oldest releases in the working directory, which was entered, and what the directory $1 records of them: all beyond
# the number $2. The one that is served, the last proved one, the one that a rollback would go to, the one that a rollback holds
# back (HOLDS has the link that says so), and $3 always stay.
prune() {
    before=$(earlier "$1")
    served=$(readlink ../current || :)
    last=$(tail -n 1 "$1/proved" 2>/dev/null | cut -f 2)
    held=$(readlink "$HOLDS/${1##*/}" || :)
    # shellcheck disable=SC2012 # names are checksums; ls sorts by time
    { echo "$before" && ls -td -- */ | tr -d /; } | awk 'NF && !seen[$0]++' |
        grep -vxF -e "${served##*/}" -e "$last" -e "${held##*-}" -e "$3" | tail -n +"$(($2 + 1))" | grep -vxF -e "$before" |
        while IFS= read -r old; do
            rm -rf "./$old"
            rm -f "$1/$old"
        done
}
