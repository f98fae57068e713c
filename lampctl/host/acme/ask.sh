# Requests a certificate from an ACME server, after a test of the challenge from the host itself: a name that points elsewhere
# is reported clearly, and does not count against the server's rate limits. CHALLENGES: the folder that is served at the path
# URL; LOG: certbot's last error; HOOK: makes the web server load the certificate; NAMES, OPTIONS (of certbot): quoted words.
# If the renewal file of SITE is gone, certbot refuses the name, because the certificate is still there: so it gets one that
# names the files, and replaces it.
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
renewal=/etc/letsencrypt/renewal/$SITE.conf
if [ ! -e "$renewal" ] && [ -L "/etc/letsencrypt/live/$SITE/cert.pem" ]; then
    for part in cert privkey chain fullchain; do echo "$part = /etc/letsencrypt/live/$SITE/$part.pem"; done > "$renewal"
    echo '[renewalparams]' >> "$renewal"
fi
[ ! -e "$renewal" ] || sed -i '/^ *autorenew *=/d' "$renewal" # certbot would keep it
eval "set -- $OPTIONS"
if certbot certonly --non-interactive --agree-tos --force-renewal --renew-with-new-domains "$@" > printed 2>&1; then
    rm -f "$LOG"
    "$HOOK"
else
    grep -v -e '^Saving debug log' -e '^[- ]*$' printed | tail -n 12 > "$LOG"
fi
grep -v '^Saving debug log' printed || :
