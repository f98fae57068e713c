# Runs the probes in q/ side by side while probe files lie in the document roots; says when those are there,
# so that the controller can look from outside meanwhile; says in their order what each found, as soon as it has; and takes
# the files away when the controller is done.
tab=$(printf '\t')
each() { while IFS="$tab" read -r root suffix file mode group user; do "$@"; done < probes; }
# As somebody else than root it can't be given to the site's group: it is readable by all who may enter then. What is
# older is of a run that was killed.
place() {
    # shellcheck disable=SC2016 # the shell in the directory expands them
    within "$root" "$user" 'find . -maxdepth 1 -type f -user "$(id -u)" -name "lampctl-probe-*" -mmin +1 -delete
        umask 077; cat > "$1"
        if [ "$(id -u)" = 0 ]; then chown "root:$3" "$1"; chmod "$2" "$1"; else chmod "$2" "$1"; chmod o=g "$1"; fi' \
        "lampctl-probe-$TOKEN$suffix" "$mode" "$group" < "$file"
}
# shellcheck disable=SC2016
take_away() { within "$root" "$user" 'rm -f "$1"' "lampctl-probe-$TOKEN$suffix" < /dev/null; }
trap 'each take_away > /dev/null 2>&1' EXIT
trap 'exit 129' HUP INT TERM PIPE
export TOKEN
each place > /dev/null 2>&1

for secret in secrets/*; do
    [ -e "$secret" ] || continue
    # shellcheck disable=SC1090 # what is asked is not known here
    printf '%s secret %s %s\n' "$BOUNDARY" "${secret#secrets/}" "$(. "./$secret" 2>/dev/null)"
done
printf '%s ready\n%s go\n' "$BOUNDARY" "$BOUNDARY"

mkdir out
set -- # the processes
for probe in q/*; do
    (
        date +%s%N > "out/${probe#q/}.ns"
        timeout 20 sh "$probe" 2>&1 </dev/null | timeout 25 head -c 262144 > "out/${probe#q/}" # a log may hold any line
        date +%s%N >> "out/${probe#q/}.ns"
    ) &
    set -- "$@" $!
done
for probe in q/*; do
    wait "$1"
    shift
    { read -r begin; read -r end; } < "out/${probe#q/}.ns"
    printf '%s %s %s\n' "$BOUNDARY" "${probe#q/}" "$((${end:-begin} - begin))"
    cat "out/${probe#q/}"
    printf '\n%s next\n' "$BOUNDARY" # ends it: who reads need not wait for the next
done
printf '%s end\n' "$BOUNDARY"
read -r _ || :
