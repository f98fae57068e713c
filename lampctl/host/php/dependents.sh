# Only on hosts of 0.1: other people's pools in the folder POOLS, and web server files that send requests to UNIT's own pool.
if [ -d "$POOLS" ] && grep -qsxF "service:$UNIT" /var/lib/lampctl/owned/*; then
    for file in "$POOLS"/*.conf; do
        [ -e "$file" ] && [ "${file##*/}" != www.conf ] && ! grep -q 'Managed by lampctl' "$file" && echo "$file"
    done
    grep -RlsE 'run/php/php[0-9.]*-fpm\.sock' /etc/apache2/*-enabled /etc/nginx/*-enabled /etc/nginx/conf.d
fi
