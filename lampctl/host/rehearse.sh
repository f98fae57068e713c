# Tries the new files beside what serves, before anything is replaced: the web servers, with the new /etc, in a network of their
# own that has nobody else in it, and further instances of the units that would restart. A page of `rehearsed` that fails there
# and works here ends the run. SERVERS: shell commands; INSTANCES: units, their sockets, and the homes of their sites; SWITCHED:
# homes and their new releases, which are in the place of those that are served. Quoted words.
if [ ! -s rehearsed ] || [ ! -d stage ]; then exit 0; fi
trial=lampctl-rehearsal units=/run/systemd/system
end() {
    systemctl stop "$trial-*.socket" "$trial-*.service" 2>/dev/null || :
    rm -rf /run/lampctl/lampctl-rehearsal-*.sock /run/systemd/system/lampctl-rehearsal-* /run/lampctl-environment/lampctl-rehearsal-*
    systemctl daemon-reload
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
mount_in() { # $1: a unit; $2: a home that it sees
    kind=$(sed -n "s|^\(Bind[A-Za-z]*Paths\)=-$2\$|\1|p" "$1")
    sed -i "\|^Bind[A-Za-z]*Paths=-$2\$|d" "$1"
    {
        printf '[Service]\n%s=%s:%s\n' "${kind:=BindPaths}" "$PWD/homes/${2##*/}" "$2"
        sed "s|.*|$kind=$2/&|" "homes/${2##*/}.folders"
    } >> "$1"
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

# Another instance: the same unit files and credentials, with another name and socket. FPM knows its socket by the name in its
# own file, whichever descriptor 3 is.
eval "set -- $INSTANCES"
needed=$((100 + 17 * $#)) # 50 MiB for each
free=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
[ "$free" -ge "$needed" ] || skip "it may take $needed MiB of memory, and $free are free"
[ -z "$INSTANCES" ] || trap 'end; rm -rf stage' EXIT
mkdir credentials
: > sockets
number=0
while [ "$#" -gt 2 ]; do
    unit=$1 socket=$2 home=$3 name=$trial-$number from=stage/etc/systemd/system
    shift 3
    number=$((number + 1))
    [ -e "$from/$unit.service" ] || continue
    sed "s|$unit|$name|g; s|^ListenStream=.*|ListenStream=/run/lampctl/$name.sock|" "$from/$unit.socket" > "$units/$name.socket"
    sed "s|$unit|$name|g; /^Restart/d; /lampctl-environment-/d; s|^EnvironmentFile=/run/lampctl-environment/.*|EnvironmentFile=/run/lampctl-environment/$name|; s|^LoadCredential=\\([^:]*\\):.*|LoadCredential=\\1:$PWD/credentials/$name.\\1|" \
        "$from/$unit.service" > "$units/$name.service"
    printf '\n[Unit]\nCollectMode=inactive-or-failed\n[Service]\nRuntimeMaxSec=120\nBindReadOnlyPaths=%s/stage/etc:/etc\n' "$PWD" >> "$units/$name.service"
    [ ! -e "stage/etc/lampctl/environment/${home##*/}" ] || sh "stage/etc/lampctl/environment/${home##*/}" "$name"
    [ ! -d "homes/${home##*/}" ] || mount_in "$units/$name.service" "$home"
    [ ! -d "$from/$unit.service.d" ] || cp -r "$from/$unit.service.d" "$units/$name.service.d" # drop-ins of the administrator
    sed -n 's/^LoadCredential=\([^:]*\):/\1 /p' "$from/$unit.service" | while read -r credential path; do
        (umask 077 && sed "s|$unit|$name|g" "stage$path" > "credentials/$name.$credential")
    done
    printf '%s %s %s\n' "$name" "$unit" "$socket" >> sockets
done
[ ! -s sockets ] || systemctl daemon-reload
while read -r name unit socket; do
    systemctl start "$name.socket" "$name.service" 2> verdict </dev/null && continue
    echo "lampctl-reason: service"
    journalctl -q -u "$name" -n 12 --no-pager -o cat </dev/null || cat verdict
    exit 1
done < sockets

# Of the pages that its input names, those that fail; what they print is in files that begin with its argument. `here`, a page of a
# site that gets another release is still of the former one.
awk -F '\t' 'NR == FNR { home[$1]; next } { split($0, page, " "); sub(/.*@/, "", page[2]); if ("/var/www/" page[2] in home) print page[1] }' \
    switched rehearsed > former
cat > failing.sh <<'FAILING'
xargs -r -P 8 -I '{}' sh -c '[ "$2" != here ] || ! grep -qxF -e "$1" former || export LAMPCTL_FORMER=1
    SEEN=$2.$1 timeout -k 1 "${1##*-}" sh "pages/$1" </dev/null >/dev/null 2>&1 || echo "$1"' sh '{}' "$1"
FAILING
cut -d ' ' -f 1 rehearsed > asked
[ -e /run/nginx.pid ] || : > unused # whether that file is NGINX's own
cat > inside.sh <<'INSIDE'
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
    while read -r name unit socket; do ln -sfn "/mnt/sockets/$name.sock" "$socket"; done < sockets
fi
[ ! -d /run/apache2 ] || mount -t tmpfs -o mode=755 tmpfs /run/apache2
: > nginx.pid
[ ! -e /run/nginx.pid ] || mount --bind nginx.pid /run/nginx.pid
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
    sh ./failing.sh there < failing > failing.new
    mv failing.new failing
    [ -s failing ] || break
    sleep 0.5
done
: > tried
INSIDE
export SERVERS
: > server
unshare --mount --net --pid --ipc --fork --kill-child sh -eu inside.sh > printed 2>&1 || :
[ ! -e unused ] || rm -f /run/nginx.pid
[ -e tried ] || skip "$(cat printed server | tail -n 3 | tr '\n' ' ')"
sh ./failing.sh here < failing > down # with what serves, too: it is no news
grep -vxFf down failing > news || exit 0
read -r page < news
: > unfit
echo "lampctl-reason: check 00-$(sed -n "s/^$page //p" rehearsed)"
awk -F '\t' '$1 == "log" || $2 != "body" || ++lines <= 10' "there.$page" | cut -c 1-500 | tail -n 60 # for the check's own words
exit 1
