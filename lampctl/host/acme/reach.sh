# Prints a line for each name that does not resolve, or whose address does not answer as this host does: `unresolved NAME`,
# or `elsewhere NAME ADDRESS WHAT ANSWERED`, separated by tabs. Arguments: a path, a text that the answer has to contain,
# and the names.
unreached() {
    path=$1 text=$2
    shift 2
    for name; do
        # A resolver maps IPv4 addresses to ::ffff:… in answers for IPv6.
        addresses=$({ getent ahostsv4 "$name"; getent ahostsv6 "$name"; } | sed -n '/^::ffff:/!s/ .*//p' | sort -u)
        [ -n "$addresses" ] || printf 'unresolved\t%s\n' "$name"
        for address in $addresses; do
            # shellcheck disable=SC2016 # bash expands them
            answer=$(timeout 4 bash -c 'exec 3<>"/dev/tcp/$1/80" || exit
                printf "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n" "$3" "$2" >&3; head -c 4096 <&3' \
                bash "$address" "$name" "$path" 2>&1 | tr -d '\r\0') || :
            case $answer in *"$text"*) continue ;; esac
            printed=$(printf '%s\n' "$answer" | sed -n -e 's/^bash: [a-z]*: //;1p' -e 's/^Server: .*/(&)/p' | head -n 2)
            # shellcheck disable=SC2116,SC2086 # one line, with single blanks
            printf 'elsewhere\t%s\t%s\t%s\n' "$name" "$address" "$(echo ${printed:-no answer within 4 s})"
        done
    done
}
