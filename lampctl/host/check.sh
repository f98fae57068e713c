# Runs the probes in q/ (their names: NUMBER-SECONDS, the time limit) side by side while probe files are in the document roots.
# It reports when those exist, so that the controller can probe from outside meanwhile; prints each probe's output in order, as
# soon as it is known; and deletes the probe files when the controller is done.
tab=$(printf '\t')
each() { while IFS="$tab" read -r root suffix file mode group user; do "$@"; done < probes; }
# Each place is noted first, in a file that is locked while this lives: the next check removes what a power failure left. The
# directory itself is noted as well: a release may be switched meanwhile, and then the root is another directory.
# A user other than root can't give the file to the site's group: then everybody who can enter the directory can read it.
place() {
    printf '%s\t%s\t%s\n' "lampctl-probe-$TOKEN$suffix" "$root" "$user" >> "$noted"
    # shellcheck disable=SC2016 # the shell in the directory expands them
    at=$(within "$root" "$user" 'pwd -P; umask 077; cat > "$1"
        if [ "$(id -u)" = 0 ]; then chown "root:$3" "$1"; chmod "$2" "$1"; else chmod "$2" "$1"; chmod o=g "$1"; fi' \
        "lampctl-probe-$TOKEN$suffix" "$mode" "$group" < "$file") || return 0
    # A tenant may have named the directory: a tab or a line end in it would be another site's row.
    case $at in *[!-A-Za-z0-9._/@+]* | '') at=$root ;; esac
    printf '%s\t%s\t%s\n' "lampctl-probe-$TOKEN$suffix" "$at" "$user" | tee -a "$noted" >> placed
}
remove() {
    # shellcheck disable=SC2016
    while IFS="$tab" read -r name at user; do within "$at" "$user" 'rm -f "$1"' "$name" < /dev/null; done < "$1"
}
clear_up() {
    for left in "$state"/probes/*; do
        [ ! -e "$left" ] || ! flock -n "$left" true || { remove "$left"; rm "$left"; }
    done
    for left in /run/lampctl.*/keep; do # its process is gone
        [ ! -e "$left" ] || kill -0 "$(cat "$left")" || rm -rf "${left%/keep}"
    done
}
state=/var/lib/lampctl noted=$PWD/noted
[ -d "$state/probes" ] || mkdir -m 700 "$state/probes" 2> /dev/null
touch "$state/probes/$TOKEN" 2> /dev/null && noted=$state/probes/$TOKEN
: > placed
exec 9>> "$noted"
flock 9
trap '{ remove placed; rm "$noted"; } > /dev/null 2>&1' EXIT
trap 'exit 129' HUP INT TERM PIPE
clear_up > /dev/null 2>&1
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
        limit=${probe##*-}
        date +%s%N > "out/${probe#q/}.ns"
        {
            timeout -k 1 "$limit" sh "$probe" 2>&1 </dev/null
            case $? in 124 | 137) : > "out/${probe#q/}.late" ;; esac # timeout's own codes: the probe may exit with others
        } | timeout "$((limit + 2))" head -c 262144 > "out/${probe#q/}" # a log may hold any line
        date +%s%N >> "out/${probe#q/}.ns"
    ) 9>&- &
    set -- "$@" $!
done
for probe in q/*; do
    wait "$1"
    shift
    { read -r begin; read -r end; } < "out/${probe#q/}.ns"
    late='' name=${probe#q/}
    if [ -e "out/$name.late" ]; then late=late; fi
    printf '%s %s %s %s\n' "$BOUNDARY" "${name%-*}" "$((${end:-begin} - begin))" "$late"
    cat "out/${probe#q/}"
    printf '\n%s next\n' "$BOUNDARY" # ends it: the reader need not wait for the next one
done
printf '%s end\n' "$BOUNDARY"
read -r _ || :
