# Requests the probe below ROOT from the pool at SOCKET, as ACCOUNT, the web server's user: what root can reach says nothing. It
# need not read the code, but has to find it. PHP (CLI) reads the client from stdin, as only root can read the batch's directory.
file=$ROOT/lampctl-probe-$TOKEN.php
set -- setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --init-groups
"$@" test -e "$file" || echo unreachable
"$@" "$CLI" -n -- "$SOCKET" "$file" < fastcgi.php
