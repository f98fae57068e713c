# certbot rehearses the renewal of each certificate; prints `renewed SITE`, or `refused SITE` and what certbot said. CERTIFICATES:
# quoted words, a site and its ACME server. Let's Encrypt's production server stands for its staging server, by certbot itself.
eval "set -- $CERTIFICATES"
while [ "$#" -gt 0 ]; do
    if printed=$(certbot renew --dry-run --no-random-sleep-on-renew --cert-name "$1" --server "$2" 2>&1 < /dev/null); then
        echo "renewed $1"
    else
        printf 'refused %s\n%s\n' "$1" "$(printf '%s\n' "$printed" | grep -v -e '^Saving debug log' -e '^[- ]*$' | tail -n 12)"
    fi
    shift 2
done
