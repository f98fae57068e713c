# Tries the new files beside what serves, before anything is replaced: the web servers, with the new /etc, in a network of their
# own that has nobody else in it, and further instances of the units that would restart. A page of `rehearsed` that fails there
# and works here ends the run. SERVERS: shell commands; INSTANCES: units, their sockets, and the homes of their sites; PROGRAMS:
# units or their templates, their homes, their users, their ports as one word or their socket, and the MiB that they may take; SWITCHED:
# homes and their new releases, which are in the place of those that are served. Quoted words.
if [ ! -s rehearsed ] || [ ! -d stage ]; then exit 0; fi
trial=lampctl-rehearsal units=/run/systemd/system
end() {
    systemctl stop "$trial-*.socket" "$trial-*.service" 2>/dev/null || :
    rm -rf /run/lampctl/lampctl-rehearsal-*.sock /run/systemd/system/lampctl-rehearsal-* /run/lampctl-environment/lampctl-rehearsal-*
    [ ! -e unowned ] || rmdir --ignore-fail-on-non-empty /run/lampctl
    systemctl daemon-reload
    systemctl reset-failed "$trial-*" 2>/dev/null || : # a socket whose service kept failing
}
skip() {
    echo "not tried beside what serves: $1"
    exit 0
}
stand_in() { # $1: a home; $2: its new release
    new=homes/${1##*/}
    mkdir "$new"
    chown --reference="$1" "$new"
    getfacl -cpE "$1" | setfacl --set-file=- "$new"
    find "$1" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | grep -x '[A-Za-z0-9_][A-Za-z0-9._-]*' > "$new.folders" || :
    while read -r folder; do mkdir "$new/$folder"; done < "$new.folders"
    ln -s "$2" "$new/current"
    printf '%s\n' "$1" >> switched
}
for left in "$units/$trial-"*; do # of a run that was killed
    if [ -e "$left" ]; then end; fi
    break
done
trap 'rm -rf stage' EXIT
unshare --mount --net --pid --ipc --fork true 2>/dev/null || skip "this host has no network namespaces"

# Each home that gets a new release has a stand-in, whose `current` is that release and whose folders are the home's own: code is at
# the path where it will be, by which it may keep what it compiles, in a folder that its releases share.
: > switched
mkdir homes
eval "set -- $SWITCHED"
while [ "$#" -gt 1 ]; do
    if [ -d "$1/$2" ]; then
        stand_in "$1" "$2"
    fi
    shift 2
done

# Another instance: the same unit files and credentials, with another name and socket, which systemd passes. FPM knows its socket by
# the name in its own file, whichever descriptor 3 is.
eval "set -- $INSTANCES"
needed=$((100 + 17 * $#)) # 50 MiB for each
eval "set -- $PROGRAMS"
: > wanted
while [ "$#" -gt 4 ]; do
    printf '%s\n' "$1 $2 $3 $4" >> wanted
    needed=$((needed + $5))
    shift 5
done
free=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
[ "$free" -ge "$needed" ] || skip "it may take $needed MiB of memory, and $free are free"
[ -z "$INSTANCES$PROGRAMS" ] || trap 'end; rm -rf stage' EXIT
eval "set -- $INSTANCES"
mkdir credentials
: > sockets
number=0
while [ "$#" -gt 2 ]; do
    unit=$1 socket=$2 home=$3 name=$trial-$number from=stage/etc/systemd/system
    shift 3
    number=$((number + 1))
    [ -e "$from/$unit.service" ] || continue
    listener "$from/$unit.socket" "$unit" "$name"
    further stage/etc "$unit" "$name" "$home"
    printf '%s %s %s\n' "$name" "$unit" "$socket" >> sockets
done
programs stage/etc wanted "$trial-new" > beside
[ ! -s sockets ] && [ ! -s beside ] || systemctl daemon-reload
# shellcheck disable=SC2034 # the functions before this use it
began=$(date +%s)
while read -r name unit socket; do
    systemctl start "$name.socket" "$name.service" 2> verdict </dev/null && continue
    echo "lampctl-reason: service"
    journalctl -q -u "$name" -n 12 --no-pager -o cat </dev/null || cat verdict
    exit 1
done < sockets

# The check of the page $1 fails, in its own words.
refuse() {
    : > unfit
    echo "lampctl-reason: check 00-$(sed -n "s/^$1 //p" rehearsed)"
    awk -F '\t' '$1 == "log" || $2 != "body" || ++lines <= 10' | cut -c 1-500 | tail -n 60
    exit 1
}
# The pages of the site with the home $1.
pages_of() { awk -v end="@${1##*/}" 'substr($2, length($2) - length(end) + 1) == end { print $1 }' rehearsed; }
# Starts the programs of the file `doubtful` as they are served, in the place of the new ones: a second instance of a program may fail
# for other reasons than its release, such as a lock. Those that listen are in the file `formers`.
control() {
    echo "another instance of the program that is served is tried as well" # the controller waits for any sign of life
    systemctl stop "$trial-new-*.socket" "$trial-new-*.service" 2>/dev/null || :
    programs /etc doubtful "$trial-former" > all
    systemctl daemon-reload
    silent all > alike
    grep -vxFf alike all > formers || :
}

cut -d ' ' -f 1 rehearsed > asked
silent beside > mute
if [ -s mute ]; then
    cut -d ' ' -f 3- mute > doubtful
    control
    while read -r name _ unit home user _; do
        pages_of "$home" > own
        if grep -qF " $unit $home $user " formers && read -r page < own; then
            { sed 's/^/page\tfailure\tits program /' "why.$name" && last_lines "$name"; } > found
            refuse "$page" < found
        fi
        grep -vxFf own asked > rest || :
        mv rest asked
    done < mute
    systemctl stop "$trial-former-*.socket" "$trial-former-*.service" 2>/dev/null || :
    grep -vxFf mute beside > rest || :
    mv rest beside
    silent beside > mute # they were stopped as well
fi
[ -s asked ] || skip "its programs do not run beside those that serve"

# Of the pages that its input names, those that fail; what they print is in files that begin with its argument. But for `there`, a
# page of a site that gets another release is still of the former one.
awk -F '\t' 'NR == FNR { home[$1]; next } { split($0, page, " "); sub(/.*@/, "", page[2]); if ("/var/www/" page[2] in home) print page[1] }' \
    switched rehearsed > former
cat > failing.sh <<'FAILING'
xargs -r -P 8 -I '{}' sh -c '[ "$2" = there ] || ! grep -qxF -e "$1" former || export LAMPCTL_FORMER=1
    SEEN=$2.$1 timeout -k 1 "${1##*-}" sh "pages/$1" </dev/null >/dev/null 2>&1 || echo "$1"' sh '{}' "$1"
FAILING
[ -e /run/nginx.pid ] || : > unused # whether that file is NGINX's own
cat > inside.sh <<'INSIDE'
as=$1
instead() { # the socket of the trial unit $1 instead of the socket $2
    case $2 in
    /run/lampctl/*) ln -sfn "/mnt/sockets/$1.sock" "$2" ;;
    *) [ ! -S "$2" ] || mount --bind "/mnt/sockets/$1.sock" "$2" ;; # a new site has none yet, and no page that worked
    esac
}
mount --bind stage/etc /etc
while read -r home; do
    while read -r folder; do mount --bind "$home/$folder" "homes/${home##*/}/$folder"; done < "homes/${home##*/}.folders"
    mount --rbind "homes/${home##*/}" "$home"
done < switched
perl -e '$up = pack("a16s", "lo", 65); socket(S, 2, 2, 0) && ioctl(S, 0x8914, $up) or die "lo: $!\n"' # SIOCSIFFLAGS: up, running
for family in ipv4 ipv6; do echo 1 > "/proc/sys/net/$family/ip_nonlocal_bind"; done 2>/dev/null || : # addresses of the host
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/sockets
if [ -d /run/lampctl ]; then
    mount --bind /run/lampctl /mnt/sockets
    mount -t tmpfs -o mode=755 tmpfs /run/lampctl
    for socket in /mnt/sockets/*; do ln -s "$socket" /run/lampctl/; done
    while read -r name unit socket; do instead "$name" "$socket"; done < sockets
fi
[ ! -d /run/apache2 ] || mount -t tmpfs -o mode=755 tmpfs /run/apache2
: > nginx.pid
[ ! -e /run/nginx.pid ] || mount --bind nginx.pid /run/nginx.pid
while read -r name port _ _ _ ports; do # their ports here are relayed to the programs, which are in the host's network
    for given in $ports; do
        case $given in /*) instead "$name" "$given" && continue ;; esac
        systemd-socket-activate -l "127.0.0.1:$given" nsenter --net=/proc/1/ns/net setpriv --reuid=65534 --regid=65534 --clear-groups \
            --no-new-privs /usr/lib/systemd/systemd-socket-proxyd "127.0.0.1:$port" >> server 2>&1 </dev/null &
    done
done < relays
eval "set -- $SERVERS"
for server; do sh -c "$server" >> server 2>&1 </dev/null & done
tries=50
until bash -c 'exec 3<>/dev/tcp/127.0.0.1/80' 2>/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || exit 1
    sleep 0.1
done
cp asked failing
for _ in 1 2 3; do # servers behind this one may take longer, and an application's first request
    sh ./failing.sh "$as" < failing > failing.new
    mv failing.new failing
    [ -s failing ] || break
    sleep 0.5
done
: > tried
INSIDE
export SERVERS
: > server
# Asks the pages of the file `asked`, as the pages $1, through the programs of the file $2: those that fail are in the file `failing`.
ask() {
    rm -f tried
    cp "$2" relays
    unshare --mount --net --pid --ipc --fork --kill-child sh -eu inside.sh "$1" > printed 2>&1 || :
    [ ! -e unused ] || rm -f /run/nginx.pid
    [ -e tried ]
}
ask there beside || skip "$(cat printed server | tail -n 3 | tr '\n' ' ')"
sh ./failing.sh here < failing > down # with what serves, too: it is no news
grep -vxFf down failing > news || exit 0
: > doubtful
while read -r _ _ unit home user ports; do
    pages_of "$home" > own
    if grep -xFf own news >> asked.again; then echo "$unit $home $user $ports" >> doubtful; fi
done < beside
if [ -s doubtful ]; then
    control
    mv asked.again asked
    ask again formers || cp asked failing
    grep -vxFf failing news > rest || exit 0
    mv rest news
fi
read -r page < news
id=$(sed -n "s/^$page //p" rehearsed)
{
    cat "there.$page"
    while read -r name _ _ home _; do
        [ "${home##*/}" != "${id##*@}" ] || last_lines "$name"
    done < beside
} > found # for the check's own words
refuse "$page" < found
