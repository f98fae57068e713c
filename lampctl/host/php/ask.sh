# Requests the probe below ROOT from the pool at SOCKET, as ACCOUNT, the web server's user: root's access proves nothing. It need
# not read the code, but must find it. PHP (CLI) reads the client from stdin: only root can read the batch's directory.
at=$(awk -F '\t' -v root="$ROOT" '$1 == root { print $3; exit }' placed)
file=${at:-$ROOT}/lampctl-probe-$TOKEN.php
set -- setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --init-groups
"$@" test -e "$file" || echo unreachable
"$@" "$CLI" -n -- "$SOCKET" "$file" < fastcgi.php
