# Further instances of a site's units for a rehearsal, each with another name.
# shellcheck disable=SC2154 # rehearse.sh has the variables

mount_in() { # $1: a unit; $2: a home that it sees
    kind=$(sed -n "s|^\(Bind[A-Za-z]*Paths\)=-$2\$|\1|p" "$1")
    sed -i "\|^Bind[A-Za-z]*Paths=-$2\$|d" "$1"
    {
        printf '[Service]\n%s=%s:%s\n' "${kind:=BindPaths}" "$PWD/homes/${2##*/}" "$2"
        sed "s|.*|$kind=$2/&|" "homes/${2##*/}.folders"
    } >> "$1"
}

# Half of the limits of the slice $1: what serves, which is in it as well, keeps the other half.
halves() {
    [ -z "$1" ] || systemctl show -p TasksMax -p MemoryMax "$1" | awk -F = '$2 ~ /^[0-9]+$/ { printf "%s=%.0f\n", $1, int($2 / 2) }'
}

# Writes the service $2 of the /etc in $1 as another one, called $3, whose site has the home $4: the same file with its drop-ins,
# environment and credentials, which goes when it ends. Of a new /etc, it sees the files and, if there is one, the new release.
further() {
    from=$1/systemd/system
    sed "s|$2|$3|g; /^Restart/d; /^SocketBindAllow=/d; /lampctl-environment-/d; s|^EnvironmentFile=/run/lampctl-environment/.*|EnvironmentFile=/run/lampctl-environment/$3|; s|^LoadCredential=\\([^:]*\\):.*|LoadCredential=\\1:$PWD/credentials/$3.\\1|" \
        "$from/$2.service" > "$units/$3.service"
    # However it ends, connections in its socket do not start it for ever; and what ignores SIGTERM is killed.
    printf '\n[Unit]\nCollectMode=inactive-or-failed\nStartLimitIntervalSec=120\nStartLimitBurst=2\n[Service]\nRuntimeMaxSec=120\nTimeoutStopSec=5\n' >> "$units/$3.service"
    halves "$(sed -n 's/^Slice=//p' "$units/$3.service")" | while read -r limit; do
        grep -q "^${limit%%=*}=" "$units/$3.service" || echo "$limit" >> "$units/$3.service"
    done
    [ ! -e "$1/lampctl/environment/${4##*/}" ] || sh "$1/lampctl/environment/${4##*/}" "$3"
    if [ "$1" != /etc ]; then
        printf 'BindReadOnlyPaths=%s/%s:/etc\n' "$PWD" "$1" >> "$units/$3.service"
        [ ! -d "homes/${4##*/}" ] || mount_in "$units/$3.service" "$4"
    fi
    [ ! -d "$from/$2.service.d" ] || cp -r "$from/$2.service.d" "$units/$3.service.d" # drop-ins of the administrator
    sed -n 's/^LoadCredential=\([^:]*\):/\1 /p' "$from/$2.service" | while read -r credential path; do
        (umask 077 && sed "s|$2|$3|g" "${1%/etc}$path" > "credentials/$3.$credential")
    done
}

# Writes the socket unit $1 of the unit $2 as one of $3, at a path of its own.
listener() {
    [ -d /run/lampctl ] || : > unowned # systemd makes it, for the time of the trial
    sed "s|$2|$3|g; s|^ListenStream=.*|ListenStream=/run/lampctl/$3.sock|" "$1" > "$units/$3.socket"
}

# A TCP port that nobody holds, for the program number $1: beyond those that Linux gives to clients, and in a range of its own.
spare() {
    # shellcheck disable=SC2016 # Perl expands them
    perl -MIO::Socket::INET -e 'my $first = 61000 + 500 * shift; my $from = int rand 500;
        for (map { $first + ($from + $_) % 500 } 0 .. 499) {
            if (IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $_, Listen => 1)) { print; exit }
        }
        die "there is no free port\n"' "$1"
}

# Writes a further instance of each program of the file $2 by the /etc in $1, called $3 and a number: its row is its unit or the
# template of its units, its home, its user, and the ports or the socket where the web server expects it. Its own port is a spare one:
# the network is the host's, as it may need a database or another service there. Prints the rows, each after the new unit and its port.
programs() {
    number=0
    while read -r unit home user ports; do
        name=$3-$number
        [ -e "$1/systemd/system/$unit.service" ] || continue
        number=$((number + 1))
        case $ports in
        /*)
            listener "$1/systemd/system/$unit.socket" "$unit" "$name" </dev/null
            further "$1" "$unit" "$name" "$home" </dev/null
            printf '%s - %s\n' "$name" "$unit $home $user $ports"
            continue
            ;;
        esac
        port=$(spare "$((number - 1))" </dev/null) name=$name@
        further "$1" "$unit" "$name" "$home" </dev/null
        echo "SocketBindAllow=tcp:$port" > "$name.conf"
        sed -i "/^RuntimeMaxSec=/r $name.conf" "$units/$name.service"
        printf '%s %s %s\n' "$name$port" "$port" "$unit $home $user $ports"
    done < "$2"
}

# Succeeds if the unit $1 of the user $2 takes requests: at the port $3; or, as systemd opens its socket first, if it answers there the
# owner of that socket, for the site $4.
takes() (
    if [ "$3" != - ]; then
        holds "$2" "$3"
        return
    fi
    . ./http.sh
    get_unix "$4" / "/run/lampctl/$1.sock" "$(stat -c %U "/run/lampctl/$1.sock")" | head -c 5 | grep -q '^HTTP/'
)

# Starts the programs of the file $1, as `programs` prints it, and prints the rows of those that do not take requests; why.NAME
# says what they do instead.
silent() {
    cut -d ' ' -f 1 "$1" | xargs -r systemctl start 2>/dev/null || : # it returns when their programs run, or have failed
    most=15 # seconds, for all of them: more than a real start may take
    if grep -q ' - ' "$1"; then most=60; fi # Java
    most=$(($(date +%s) + most))
    while read -r name port unit home user ports; do
        until takes "$name" "$user" "$port" "${home##*/}" > held </dev/null; do
            ended=no
            systemctl is-active --quiet "$name" </dev/null || ended=yes
            if [ "$ended" = yes ] || [ "$(date +%s)" -ge "$most" ]; then
                case $ended$port in
                yes-) echo 'ends before it answers' ;;
                no-) echo 'does not answer' ;;
                yes*) echo 'ends before it listens on its port' ;;
                no*) echo 'does not listen on its port' ;;
                esac > "why.$name"
                printf '%s %s %s\n' "$name" "$port" "$unit $home $user $ports"
                break
            fi
            sleep 0.1
        done
    done < "$1"
}

# What the unit $1 printed last, and how it failed, as the log of a page.
last_lines() {
    journalctl -q --since="@$began" -u "$1" -n 400 --no-pager -o cat </dev/null |
        grep -v -e "^St[a-z]*ing $1.service" -e "^St[a-z]*ed $1.service" -e "^$1.service: Deactivated" -e "^$1.service: Consumed" | cut -c 1-500 | gist 20 | sed 's/^/log\t/'
}
