# Prints, as `second`, the domain and path of another site of SITE's network, which CLIENT's statement SQL finds; or why it cannot. Then,
# as `answer` and `log`, the answer to a request for it, by TLS or not, with the headers that HEADER prints. LOGS: as in with_log.
found=$(printf '%s\n' "$SQL" | sh -c "$CLIENT" 2>&1 | head -n 1)
printf '%s\n' "$found" | label second
domain=${found%%"$(printf '\t')"*} path=${found#*"$(printf '\t')"}
# shellcheck disable=SC2034 # http.sh reads it
owner=$SITE
case $domain:$path in
*[!a-z0-9.:/_-]* | *: | :*) ;;
*)
    if [ -n "$TLS" ]; then
        with_log "$LOGS" get_tls "$domain" "$path" 443 "$HEADER"
    elif [ -n "$HEADER" ]; then
        with_log "$LOGS" get_with "$domain" "$path" 80 127.0.0.1 "$HEADER"
    else
        with_log "$LOGS" get "$domain" "$path" 80 127.0.0.1
    fi
    ;;
esac
