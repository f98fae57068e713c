# Requests the first page of the site $1 on this host over $2, http or https: with `visitor` as $3, as anybody; else as lampctl's
# own proof. Prints the status, and `closed` if it is the answer of maintenance.
. ./http.sh
visitor=$3
case $2 in
https) get_tls "$1" / 443 : ;;
*) get "$1" / 80 127.0.0.1 ;;
esac | tr -d '\r\0' | awk '
    NR == 1 && /^HTTP\// { status = $2 }
    /^$/ { exit }
    tolower($1) == "x-lampctl-maintenance:" { closed = "closed" }
    END { print status, closed }'
