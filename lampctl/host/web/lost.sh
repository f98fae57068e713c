# Prints vhosts of somebody else below ROOT that are on port 80, when Apache is about to leave it for PORT.
grep -qs ":$PORT\$" "$ROOT/ports.conf" && exit 0
grep -ls '<VirtualHost [^>]*:80>' "$ROOT"/sites-enabled/*.conf | grep -v '/000-default.conf$' | while read -r file; do
    grep -q 'Managed by lampctl' "$file" || echo "$file"
done
