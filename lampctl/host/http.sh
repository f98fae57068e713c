# HTTP on the host itself: functions that print the answer to one GET. Sourced from the batch's directory.

# The input, each line after the name $1 and a tab: an answer can contain anything, also what follows it here.
label() { awk -v name="$1" '{ print name "\t" $0 }'; }

# The request for the path $2 of the site $1, without the empty line at its end; {token} in the path stands for the run's.
request() {
    path=$2
    case $path in *'{token}'*) path=${path%%'{token}'*}$TOKEN${path#*'{token}'} ;; esac
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\nUser-Agent: lampctl\r\nConnection: close\r\n' "$path" "$1"
}

# The file with the header by which the web server recognises a proof of the site $1, or of the site `owner` that has this name, during
# its maintenance; nothing if it has none.
# For this host's web server only: its port $2, at the address $3. No other program gets the header. With `visitor` set, nobody does.
pass() {
    file=/etc/lampctl-maintenance/${owner:-$1}/pass
    case $3:$2 in 127.0.0.1:80 | 127.0.0.1:443) [ -n "${visitor:-}" ] || [ ! -r "$file" ] || printf '%s\n' "$file" ;; esac
}

# From the port $3 at the address $4. bash is always installed, curl is not. In one write, as clients do: bash's own printf
# writes line by line, and a simple program that answers the first line and closes would reset the connection.
get() {
    if [ -n "$(pass "$1" "$3" "$4")" ]; then
        get_with "$1" "$2" "$3" "$4" :
        return
    fi
    bash -c 'exec 3<>"/dev/tcp/$1/$2" && env printf "%s\n\r\n" "$3" >&3 && head -c 65536 <&3' \
        bash "$4" "$3" "$(request "$1" "$2")" 2>&1
}

# As `get`, with the further headers that the shell command $5 prints. They are in no argument: they may be secret.
get_with() {
    bash -c 'exec 3<>"/dev/tcp/$1/$2" && env printf "%s\n" "$3" >&3 &&
        { [ -z "$5" ] || cat "$5"; sh -c "$4"; printf "\r\n"; } >&3 && head -c 65536 <&3' \
        bash "$4" "$3" "$(request "$1" "$2")" "$5" "$(pass "$1" "$3" "$4")" 2>&1
}

# By the user $4 over the Unix socket $3. perl-base is essential on Debian; neither bash nor openssl speaks HTTP over a socket.
# shellcheck disable=SC2016 # Perl expands them
get_unix() (
    cd / && printf '%s\n\r\n' "$(request "$1" "$2")" |
        setpriv --reuid="$4" --regid="$4" --init-groups perl -MIO::Socket::UNIX -e '
            alarm 9; my $path = shift; my $s = IO::Socket::UNIX->new($path) or die "$path: $!\n";
            $s->print(join "", <STDIN>); $s->flush; read $s, my $b, 65536; print $b' "$3" 2>&1
)

# Over TLS, from the port $3, with the further headers that the shell command $4 prints; other checks verify the certificate.
get_tls() {
    passed=$(pass "$1" 443 127.0.0.1)
    { printf '%s\n' "$(request "$1" "$2")" && { [ -z "$passed" ] || cat "$passed"; } && sh -c "$4" && printf '\r\n'; } |
        timeout 7 openssl s_client -quiet -connect "127.0.0.1:$3" -servername "$1" > got.$$ 2> printed.$$ || :
    if [ -s got.$$ ]; then head -c 65536 got.$$; else tail -n 3 printed.$$; fi
}

# As `get_with` and `get_tls`, but only the first line of the answer: a server that refuses a body waits a while for it.
status_with() {
    bash -c 'exec 3<>"/dev/tcp/$1/$2" && env printf "%s\n" "$3" >&3 &&
        { [ -z "$5" ] || cat "$5"; sh -c "$4"; printf "\r\n"; } >&3 && read -r -t 5 line <&3 && printf "%s\n" "$line"' \
        bash "$4" "$3" "$(request "$1" "$2")" "$5" "$(pass "$1" "$3" "$4")" 2>&1
}
# shellcheck disable=SC2094 # only whether there is an answer
status_tls() {
    passed=$(pass "$1" 443 127.0.0.1) tries=0
    {
        printf '%s\n' "$(request "$1" "$2")" && { [ -z "$passed" ] || cat "$passed"; } && sh -c "$4" && printf '\r\n'
        # At the end of its input, it closes the connection.
        while [ ! -s got.$$ ] && [ "$tries" -lt 50 ]; do tries=$((tries + 1)) && sleep 0.1; done
    } | openssl s_client -quiet -no_ign_eof -connect "127.0.0.1:$3" -servername "$1" > got.$$ 2> printed.$$ || :
    if [ -s got.$$ ]; then head -n 1 got.$$; else tail -n 3 printed.$$; fi
}

# Only a connection, to the port $2 of the host $1.
connect() { bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$1" "$2" && printf 'HTTP/1.1 200 connects\n\n'; }

# The size of the files $1 (quoted words), and what they have gained beyond $2 bytes.
size() { eval "cat $1" 2>/dev/null | wc -c; }
gained() { eval "cat $1" 2>/dev/null | tail -c +$(($2 + 1)); }

# Prints, as `answer`, the output of the function after $1; then, as `log`, the last two lines that the files $1 (quoted words)
# have gained since: older lines would mislead. Without the lines of other probes, unless it requests a probe file itself.
with_log() {
    logs=$1
    shift
    before=$(size "$logs")
    "$@" | label answer
    gained "$logs" "$before" | case "$*" in
    *'{token}'*) cat ;;
    *) grep -v lampctl-probe- ;;
    esac | tail -n 2 | label log
}

# Of the log files that a site's own code writes: their sizes or, with those in $2, the last lines that they have gained since,
# without traces of PHP's stack. $1, quoted words: the user that reads them, the site's, as any of them may be a link; the
# directory; the files in it.
own_logs() {
    [ -n "$1" ] || return 0
    eval "set -- \"\$2\" $1"
    before=$1 reader=$2
    shift 2
    # shellcheck disable=SC2016 # the inner shell expands them
    timeout 5 setpriv --reuid="$reader" --regid="$reader" --clear-groups --no-new-privs sh -c '
        before=$1
        cd "$2" 2>/dev/null || exit 0
        shift 2
        for file; do
            size=$(stat -L -c %s "./$file" 2>/dev/null || echo 0)
            [ -n "$before" ] || { echo "$size"; continue; }
            was=${before%%[!0-9]*} before=${before#*[!0-9]}
            [ "$size" -gt "${was:-0}" ] || continue
            tail -c "+$((${was:-0} + 1))" "./$file" | head -c 65536 | grep -v -e "^#[0-9]" -e "^.stacktrace.$" -e "^\"}" | cut -c 1-500 | tail -n 8
        done' sh "$before" "$@" || :
}

# Prints, as `page`, the output of page.pl, whose arguments follow; then, as `log`, the last lines that the files $1 and the
# units $2 (quoted words), and the site's own logs $4, have gained since. As nobody: the answer comes from a site's code. The
# headers that the shell command $3 prints come by a descriptor: they may be secret.
page() {
    logs=$1 units=$2 headers=$3 own=$4
    shift 4
    before=$(size "$logs") since=$(date +%s) sizes=$(own_logs "$own")
    passed=$(pass "$6" 443 127.0.0.1)
    { sh -c "$headers"; [ -z "$passed" ] || cat "$passed"; } | { exec 3<&0 && setpriv --reuid=65534 --regid=65534 --clear-groups perl - "$@" < page.pl; } | label page
    {
        gained "$logs" "$before" | grep -v lampctl-probe- | tail -n 8
        if [ -n "$units" ]; then eval "journalctl -q --since=@$since -n 8 --no-pager -o cat $units"; fi
        [ -z "$own" ] || own_logs "$own" "$sizes"
    } | label log
}

# Runs the scripts after $1 in parallel, $1 seconds at most; prints their output in order, as `1`, `2`, …, an empty line first. A program
# that serves one client at a time might wait until Apache closes an idle connection to it.
side_by_side() {
    most=$1 outputs=outputs.$$ number=0
    shift
    mkdir "$outputs"
    for script; do
        number=$((number + 1))
        timeout "$most" sh -c "$script" > "$outputs/$number" 2>&1 &
    done
    wait
    number=0
    for script; do
        number=$((number + 1))
        { echo && cat "$outputs/$number"; } | label "$number"
    done
    rm -r "$outputs"
}
