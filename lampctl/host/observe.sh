# Answers every question in q/ side by side. Answers come back in order, each after a line with its number; what takes longer
# than LIMIT seconds is ended, with all that it started, and named.
mkdir out
set -- # the processes
for question in q/*; do
    # shellcheck disable=SC1090 # what is asked is not known here
    { printf '\n%s %s\n' "$BOUNDARY" "${question#q/}"; . "./$question"; } > "out/${question#q/}" 2>/dev/null </dev/null &
    set -- "$@" $!
done
end() {
    children=''
    read -r children < "/proc/$1/task/$1/children" # it has no line end, so this fails
    for child in $children; do end "$child"; done
    kill -9 "$1" 2>/dev/null
}
{
    sleep "$LIMIT"
    for question in q/*; do
        state=Z
        read -r _ _ state _ < "/proc/$1/stat"
        if [ "$state" != Z ]; then
            printf '\n%s late %s\n' "$BOUNDARY" "${question#q/}" >> late
            end "$1"
        fi
        shift
    done
} 2>/dev/null >/dev/null </dev/null &
watch=$!
: > late
wait "$@"
end "$watch" 2>/dev/null
printf '\n%s end\n' "$BOUNDARY" | cat out/* late -
