# Prints the rows of QUERY, run by the shell command CLIENT, and the output of the function `logins`; or `down` if nothing
# answers at SOCKET, or a row `failed` with the error number (0: no answer in time) and message of a server that refuses the
# query. The logins run in parallel with the query, because starting a client takes longer than its query; one at a time,
# because the server may allow few connections.
[ -S "$SOCKET" ] || { echo down; exit 0; }
logins > opened &
if printf %s "$QUERY" | eval "timeout -k 1 3 $CLIENT --raw" > queried 2> refused; then
    cat queried
else
    code=$?
    # 2002: nothing listens at the socket.
    case $code-$(cat refused) in
    124-* | 137-*) printf 'failed\t0\tno answer within 3 s\n' ;;
    *'ERROR 2002 '*) echo down ;;
    *) printf 'failed\t%s\t%s\n' "$(error_number < refused)" "$(tail -n 1 refused)" ;;
    esac
fi
wait
cat opened
