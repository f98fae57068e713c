# Requests a certificate from an ACME server. It is tried from here first: a name that points elsewhere costs the server's
# limits nothing, and is reported clearly. CHALLENGES: the folder that is served at the path URL; LOG: why there is no
# certificate; HOOK: makes the web server read it; NAMES, OPTIONS (of certbot): quoted words.
token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
umask 022
mkdir -p "${LOG%/*}"
trap 'rm -f "$CHALLENGES/lampctl-$token"' EXIT
echo "$token" > "$CHALLENGES/lampctl-$token"
eval "set -- $NAMES"
unreached "${URL}lampctl-$token" "$token" "$@" > wrong
if [ -s wrong ]; then
    rm -f "$LOG"
    tr '\t' ' ' < wrong
    exit 0
fi
eval "set -- $OPTIONS"
if certbot certonly --non-interactive --agree-tos --force-renewal --renew-with-new-domains "$@" > printed 2>&1; then
    rm -f "$LOG"
    "$HOOK"
else
    grep -v -e '^Saving debug log' -e '^[- ]*$' printed | tail -n 12 > "$LOG"
fi
grep -v '^Saving debug log' printed || :
