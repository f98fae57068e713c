# Prints, as `second`, the domain and path of another site of SITE's network, which CLIENT's statement SQL finds; or why it cannot. Then,
# as `answer` and `log`, the answer to a request for it, by TLS or not, with the headers that HEADER prints. LOGS: as in with_log.
# The site's own code writes that table. So only its NAMES (a list of words) are requested: another site must not get its headers, nor
# answer in its place. A path that does not begin with a slash could be a URL, and its name the one that the web server goes by.
found=$(printf '%s\n' "$SQL" | sh -c "$CLIENT" 2>&1 | head -n 1)
printf '%s\n' "$found" | label second
domain=${found%%"$(printf '\t')"*} path=${found#*"$(printf '\t')"} own=
eval "set -- $NAMES"
for name; do
    if [ "$domain" = "$name" ]; then own=yes; fi
done
# shellcheck disable=SC2034 # http.sh reads it
owner=$SITE
case $own$path in
*[!a-z0-9/_-]*) ;;
yes/*)
    if [ -n "$TLS" ]; then
        with_log "$LOGS" get_tls "$domain" "$path" 443 "$HEADER"
    elif [ -n "$HEADER" ]; then
        with_log "$LOGS" get_with "$domain" "$path" 80 127.0.0.1 "$HEADER"
    else
        with_log "$LOGS" get "$domain" "$path" 80 127.0.0.1
    fi
    ;;
esac
