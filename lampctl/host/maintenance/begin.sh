# What switching maintenance on and off shares. SITE is the site, and NAMES and SCHEMES (quoted words) are how visitors request it;
# UNIT is its web server, whose configuration the shell command TEST tests. This waits WAIT seconds for the lock, which OWNER then
# has. ID is the run in the journal, of which the last MOST stay. Prints rows: `locked`; or `changed`, `status`, and `failed` with
# its `evidence`.
set -eu
umask 077
state=/var/lib/lampctl places=/etc/lampctl-maintenance
# shellcheck disable=SC2034 # for what follows
place=$places/$SITE
mkdir -p "$state"
exec 9>> "$state/lock"
if ! flock -w "$WAIT" 9; then
    printf 'locked\t%s\n' "$(head -n 1 "$state/lock")"
    exit
fi
printf '%s since %s, process %s on the host\n' "$OWNER" "$(date -u '+%Y-%m-%d %H:%M:%S UTC')" "$$" > "$state/lock"
rm -rf "$places"/.[!.]*.off "$places"/.[!.]*.new # a power failure left them
journal=$state/runs/$ID
: > printed

# Records the run before its first change.
begin() {
    prune_runs
    mkdir -p "$journal"
    cp begun "$journal/begun"
    : > "$journal/log"
    printf 'changed\tyes\n'
}
# Records how it ended: by the verdict $1, and why.
ended() {
    [ ! -d "$journal" ] || printf '{"verdict": "%s", "ended": %s, "changes": 1, "checks": 2, "error": "%s"}\n' "$1" "$(date +%s)" "${2:-}" > "$journal/ended"
}

# Makes the web server load what is on disk. A reload with an invalid configuration might end it, so that is tested first.
load() { sh -c "$TEST" > printed 2>&1 </dev/null 9>&- && systemctl reload "$UNIT" > printed 2>&1 </dev/null 9>&-; }

# What the site answers to $1, a visitor or the proof, by the name $2 over $3.
answer() { timeout 5 sh ./ask.sh "$2" "$3" "$1" 2>/dev/null 9>&- || :; }

# Succeeds if each name over each scheme is closed to visitors ($1: closed) or not ($1: open). `seen` is the last status.
all_are() {
    eval "set -- $1 $NAMES"
    wanted=$1
    shift
    for name; do
        for scheme in $SCHEMES; do
            seen=$(answer visitor "$name" "$scheme")
            case $wanted:$seen in closed:'503 closed' | open:*[0-9]' ' | open:' ' | open:) ;; *) return 1 ;; esac
        done
    done
}
# Waits until that is so: a reload returns before it takes effect, and two workers may answer differently for a moment.
become() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        if all_are "$1" && all_are "$1"; then return; fi
        sleep 0.2
    done
    return 1
}

# Ends without success: prints why, $1, and the evidence.
give_up() {
    ended undone "$1"
    printf 'failed\t%s\n' "$1"
    tail -n 12 printed | sed 's/^/evidence\t/'
    exit
}
