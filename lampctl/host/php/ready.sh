# Fails until the pool at SOCKET has answered a request for PING.
answer=$("$CLI" -n fastcgi.php "$SOCKET" "$PING" 2>&1)
case $answer in *pong) ;; *) echo "$answer"; exit 1 ;; esac
