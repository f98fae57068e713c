# Installs PACKAGES (separated by blanks; none: only the package lists are read). WAIT: seconds to wait for apt's lock; TIMEOUT:
# seconds to wait for one answer of an archive; PATIENCE: seconds after which reading the package lists is restarted. SERVERS: the
# units of web servers that the packages bring (quoted words).
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C.UTF-8
# apt's own DPkg::Lock::Timeout waits silently, and does not cover the lock of the lists: so this script finds and names the
# holder in /proc/locks, and waits itself.
holder() {
    for lock in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do
        inode=$(stat -c %i "$lock" 2>/dev/null) || continue
        pids=$(awk -v i=":$inode" 'substr($6, length($6) - length(i) + 1) == i { print $5 }' /proc/locks)
        for pid in $pids; do
            opens "$pid" "$lock" || continue
            echo "$(cat "/proc/$pid/comm" 2>/dev/null || echo unknown) (pid $pid) holds $lock"
            return
        done
    done
}
# Whether process $1 has file $2 open: a file of another file system may have the same inode number, and btrfs has other device
# numbers in /proc/locks than in stat.
opens() {
    for open in /proc/"$1"/fd/*; do
        if [ "$open" -ef "$2" ]; then return 0; fi
    done
    return 1
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
# A database server that was never configured has no data but what its package had begun to make, and might not start with that.
begun() {
    dpkg-query -W -f '${Package}\t${db:Status-Status}\t${Config-Version}\n' 'mariadb-server*' 'mysql-server*' 2>/dev/null |
        awk -F '\t' '$3 == "" && $2 ~ /^(half-installed|unpacked|half-configured|triggers-.*)$/ { found = 1 } END { exit !found }' &&
        [ -z "$(find /var/lib/mysql -mindepth 1 -maxdepth 1 -type d ! -name mysql ! -name performance_schema ! -name sys ! -name test ! -name '#*')" ]
}
# Of a run that a power failure ended, dpkg --audit says nothing, but apt refuses to work.
if [ -n "$(dpkg --audit 2>/dev/null)$(ls /var/lib/dpkg/updates)" ]; then
    echo "finishing an interrupted dpkg run"
    if [ -d /var/lib/mysql ] && begun; then
        echo "/var/lib/mysql was being made: it is set aside, and made again"
        systemctl stop mariadb.service mysql.service 2>/dev/null || :
        mv /var/lib/mysql "/var/lib/mysql.incomplete-$(date +%s)"
    fi
    dpkg --configure -a --force-confdef --force-confold
fi
refuse() {
    [ ! -e sources-undo.sh ] || sh ./sources-undo.sh
    echo "lampctl-reason: $1"
    exit 69
}
read_lists() {
    tries=3
    until timeout -k 5 "$PATIENCE" apt-get "$@" -o APT::Update::Error-Mode=any update; do
        code=$?
        tries=$((tries - 1))
        if [ "$code" -ne 124 ] || [ "$tries" -eq 0 ]; then refuse apt-archive; fi
        echo "reading the archives took more than $PATIENCE s: trying again"
    done
}
read_lists "$@"
[ -n "$PACKAGES" ] || exit 0
# install would take an unknown name for a pattern
unknown() {
    # shellcheck disable=SC2086 # names of packages have no blanks
    apt-cache policy $PACKAGES | awk -v wanted="$PACKAGES" '
        /^[^ ]/ { name = substr($1, 1, length($1) - 1) }
        /^  Candidate:/ && $2 != "(none)" { known[name] }
        END { for (i = split(wanted, names, " "); i > 0; i--) if (!(names[i] in known)) print names[i] }'
}
missing=$(unknown)
if [ -n "$missing" ]; then # a power failure can damage the lists, and apt takes them for new
    find /var/lib/apt/lists -maxdepth 1 -type f ! -name lock -delete
    read_lists "$@"
    missing=$(unknown)
fi
if [ -n "$missing" ]; then
    echo "not available: $(echo "$missing" | sort | tr '\n' ' ')"
    refuse no-package
fi
# No installed package is removed: it might be in use.
set -- "$@" --no-install-recommends --no-remove
# shellcheck disable=SC2086
apt-get "$@" install $PACKAGES && code=0 || code=$?
if [ "$code" -eq 0 ]; then
    # Its package enables and starts a server, but another one has its ports: after a reboot, it might be the faster one.
    eval "set -- $SERVERS"
    for unit; do
        systemctl is-active --quiet "$unit" || { systemctl disable --quiet "$unit" && systemctl reset-failed "$unit"; } 2>/dev/null || :
    done
    exit 0
fi
# If the simulation fails and dpkg has no half-installed package, then nothing was changed.
# shellcheck disable=SC2086
if [ -z "$(dpkg --audit 2>/dev/null)" ] && ! apt-get "$@" --simulate install $PACKAGES > simulated 2>&1; then
    grep -E '^(E:|Remv)|[Bb]reaks|[Dd]epends' simulated | head -n 12
    refuse removes
fi
exit "$code"
