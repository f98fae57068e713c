# Fails until the program has answered a request for PAGE of SITE at SOCKET, as ACCOUNT, who can connect to it.
. ./http.sh
answer=$(get_unix "$SITE" "$PAGE" "$SOCKET" "$ACCOUNT")
case $answer in HTTP/*) ;; *) printf '%s\n' "$answer" | tail -n 1; exit 1 ;; esac
