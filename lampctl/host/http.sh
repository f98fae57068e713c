# HTTP on the host itself: functions that print the answer to one GET. Sourced from the batch's directory.

# The request for the path $2 of the site $1, without the empty line at its end; {token} in the path is the run's.
request() {
    path=$2
    case $path in *'{token}'*) path=${path%%'{token}'*}$TOKEN${path#*'{token}'} ;; esac
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: lampctl\r\nConnection: close\r\n' "$path" "$1"
}

# From the port $3 at the address $4. bash is there where curl is not. In one write, as clients do: bash's own printf makes one
# a line, and a simple program that answers the first and closes would reset the connection.
get() {
    bash -c 'exec 3<>"/dev/tcp/$1/$2" && env printf "%s\n\r\n" "$3" >&3 && head -c 65536 <&3' \
        bash "$4" "$3" "$(request "$1" "$2")" 2>&1
}

# As `get`, with the further headers that the shell command $5 prints. They are in no argument: they may be secret.
get_with() {
    bash -c 'exec 3<>"/dev/tcp/$1/$2" && env printf "%s\n" "$3" >&3 && { sh -c "$4"; printf "\r\n"; } >&3 && head -c 65536 <&3' \
        bash "$4" "$3" "$(request "$1" "$2")" "$5" 2>&1
}

# By the user $4 over the Unix socket $3. perl-base is essential on Debian; neither bash nor openssl speaks HTTP over a socket.
# shellcheck disable=SC2016 # Perl expands them
get_unix() (
    cd / && printf '%s\n\r\n' "$(request "$1" "$2")" |
        setpriv --reuid="$4" --regid="$4" --init-groups perl -MIO::Socket::UNIX -e '
            alarm 9; my $path = shift; my $s = IO::Socket::UNIX->new($path) or die "$path: $!\n";
            $s->print(join "", <STDIN>); $s->flush; read $s, my $b, 65536; print $b' "$3" 2>&1
)

# Over TLS, from the port $3; whose certificate it is, checks of their own find out.
get_tls() {
    printf '%s\n\r\n' "$(request "$1" "$2")" |
        timeout 15 openssl s_client -quiet -connect "127.0.0.1:$3" -servername "$1" > got.$$ 2> printed.$$ || :
    if [ -s got.$$ ]; then head -c 65536 got.$$; else tail -n 3 printed.$$; fi
}

# Only a connection, to the port $2 of the host $1.
connect() { bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$1" "$2" && printf 'HTTP/1.1 200 connects\n\n'; }

# The function and its arguments after $1; then `==log`, and the last two lines of the files $1 (quoted words) since: older
# ones would mislead. Nor what the probes beside it left there, unless it requests a probe's file.
with_log() {
    logs=$1
    shift
    before=$(eval "cat $logs" 2>/dev/null | wc -c)
    "$@"
    echo
    echo "==log"
    eval "cat $logs" 2>/dev/null | tail -c +$((before + 1)) | case "$*" in
    *'{token}'*) cat ;;
    *) grep -v lampctl-probe- ;;
    esac | tail -n 2
}

# Each of the scripts at once, 10 s at most; their output comes in order, each after a line `==part`. A program that serves one
# client at a time may have to wait until Apache lets go of an idle connection to it.
side_by_side() {
    outputs=$(mktemp -d) number=0
    for script; do
        number=$((number + 1))
        timeout 10 sh -c "$script" > "$outputs/$number" 2>&1 &
    done
    wait
    number=0
    for script; do
        number=$((number + 1))
        echo "==part"
        cat "$outputs/$number"
        echo
    done
    rm -r "$outputs"
}
