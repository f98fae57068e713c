# Installs PACKAGES (names between blanks; none: only the archives are read). WAIT: seconds to wait for apt's lock; TIMEOUT:
# seconds to wait for one answer of the archive; PATIENCE: seconds after which reading the archives is started again.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C.UTF-8
# apt's own DPkg::Lock::Timeout waits without a word, and does not cover the lists' lock: so the holder is looked up in
# /proc/locks and named, and the wait is ours.
holder() {
    for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do
        inode=$(stat -c %i "$lock" 2>/dev/null) || continue
        pid=$(awk -v i=":$inode" 'substr($6, length($6) - length(i) + 1) == i { print $5; exit }' /proc/locks)
        [ -n "$pid" ] || continue
        echo "$(cat "/proc/$pid/comm" 2>/dev/null || echo unknown) (pid $pid) holds $lock"
        return
    done
}
waited=0
while held=$(holder); [ -n "$held" ]; do
    if [ "$waited" -ge "$WAIT" ]; then
        echo "lampctl-reason: apt-lock"
        echo "$held" | sed "s/\$/, still after $WAIT s/"
        exit 75
    fi
    [ "$((waited % 5))" -ne 0 ] || echo "waiting for apt: $held"
    sleep 1; waited=$((waited + 1))
done
set -- -y -o DPkg::Lock::Timeout="$WAIT" -o Acquire::Retries=1 -o Acquire::Retries::Delay=false \
    -o Acquire::http::Timeout="$TIMEOUT" -o Acquire::https::Timeout="$TIMEOUT" \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0
if [ -n "$(dpkg --audit 2>/dev/null)" ]; then
    echo "finishing an interrupted dpkg run"
    dpkg --configure -a --force-confdef --force-confold
fi
refuse() {
    [ ! -e sources-undo.sh ] || sh ./sources-undo.sh
    echo "lampctl-reason: $1"
    exit 69
}
tries=3
until timeout -k 5 "$PATIENCE" apt-get "$@" -o APT::Update::Error-Mode=any update; do
    code=$?
    tries=$((tries - 1))
    if [ "$code" -ne 124 ] || [ "$tries" -eq 0 ]; then refuse apt-archive; fi
    echo "the archives are not read after $PATIENCE s: trying again"
done
[ -n "$PACKAGES" ] || exit 0
# install would take a name that it does not know for a pattern
# shellcheck disable=SC2086 # names of packages have no blanks
missing=$(apt-cache policy $PACKAGES | awk -v wanted="$PACKAGES" '
    /^[^ ]/ { name = substr($1, 1, length($1) - 1) }
    /^  Candidate:/ && $2 != "(none)" { known[name] }
    END { for (i = split(wanted, names, " "); i > 0; i--) if (!(names[i] in known)) print names[i] }')
if [ -n "$missing" ]; then
    echo "not available: $(echo "$missing" | sort | tr '\n' ' ')"
    refuse no-package
fi
# What is installed stays: somebody may need it.
set -- "$@" --no-install-recommends --no-remove
# shellcheck disable=SC2086
apt-get "$@" install $PACKAGES && exit 0
code=$?
# If it can't even be planned, and dpkg has nothing half-done, then nothing was done.
# shellcheck disable=SC2086
if [ -z "$(dpkg --audit 2>/dev/null)" ] && ! apt-get "$@" --simulate install $PACKAGES > simulated 2>&1; then
    grep -E '^(E:|Remv)|[Bb]reaks|[Dd]epends' simulated | head -n 12
    refuse removes
fi
exit "$code"
