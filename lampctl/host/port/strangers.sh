# Prints a line for each of the ports after $1 that the user $1 does not hold: who does, or that nobody does.
# Field 2 is address and port, 8 the uid, 10 the inode. Addresses that accept connections to
# 127.0.0.1: itself, 0.0.0.0, and both of them in IPv6.
strangers() {
    account=$1
    shift
    listening tcp tcp6 | awk -v uid="$(id -u "$account")" -v ports="$*" '
        BEGIN { count = split(ports, listed, " "); for (i in listed) hex[listed[i]] = sprintf("%04X", listed[i]) }
        $2 ~ /^(0100007F|0+|0+FFFF00000100007F):/ {
            found = substr($2, index($2, ":") + 1)
            if ($8 == uid) own[found] = 1; else held[found] = $8 " " $10
        }
        END { for (i = 1; i <= count; i++) { port = hex[listed[i]]
            if (port in held) print listed[i], held[port]; else if (!(port in own)) print listed[i], "nobody" } }
    ' | while read -r port uid inode; do
        if [ "$uid" = nobody ]; then echo "nobody listens on 127.0.0.1:$port"; continue; fi
        fd=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" 2>/dev/null | head -n1)
        pid=${fd#/proc/}; pid=${pid%%/*}
        name=$(getent passwd "$uid" | cut -d: -f1)
        program=$(cat "/proc/$pid/comm" 2>/dev/null || echo unknown)
        echo "127.0.0.1:$port is held by ${name:-user $uid} ($program, pid ${pid:-unknown})"
    done
}

# Fails, and prints the same lines, unless the user holds the ports. A mere connection could reach another user's program.
holds() {
    found=$(strangers "$@")
    [ -z "$found" ] || { echo "$found"; false; }
}

# Prints those of the ports after $1 on which the user $1 also listens at addresses that others reach.
exposed() {
    account=$1
    shift
    listening tcp tcp6 | awk -v uid="$(id -u "$account")" -v ports="$*" '
        BEGIN { count = split(ports, listed, " "); for (i in listed) hex[sprintf("%04X", listed[i])] = listed[i] }
        $8 == uid && $2 !~ /^(......7F|00000000000000000000000001000000|0000000000000000FFFF0000......7F):/ {
            port = substr($2, index($2, ":") + 1)
            if (port in hex) print hex[port]
        }' | sort -nu
}
