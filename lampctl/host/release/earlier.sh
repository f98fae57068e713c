# Prints the release that a rollback goes to: proved, served before the one that is served now, and still in the working directory.
# $1: the directory of the site's records. What a rollback left is not earlier than anything any more, so that a second rollback
# does not go back to it.
earlier() {
    served=$(readlink ../current || :)
    awk -F '\t' -v served="${served##*/}" '
        function place(id, i) { for (i = n; i > 0 && order[i] != id; i--); return i }
        $3 == "back" && place($2) { n = place($2); next }
        { order[++n] = $2 }
        END {
            i = place(served) ? place(served) : n + 1
            while (--i > 0) if (order[i] != served) print order[i]
        }' "$1/proved" 2>/dev/null |
        while IFS= read -r id; do
            if [ -n "$id" ] && [ -d "./$id" ]; then echo "$id" && break; fi
        done
}
