# Prints what QUERY finds by the shell command CLIENT, and what the function `logins` prints; or `down` if nothing answers at
# SOCKET. The logins are tried beside the query, because to start a client takes longer than what it asks; one at a time,
# because the server may allow few connections.
[ -S "$SOCKET" ] || { echo down; exit 0; }
logins > opened &
printf %s "$QUERY" | eval "$CLIENT --raw" 2>&1 || echo down
wait
cat opened
