# Prints vhosts below ROOT that are not lampctl's and use port 80, if Apache is about to move from there to PORT.
grep -qs ":$PORT\$" "$ROOT/ports.conf" && exit 0
grep -ls '<VirtualHost [^>]*:80>' "$ROOT"/sites-enabled/*.conf | grep -v '/000-default.conf$' | while read -r file; do
    grep -q 'Managed by lampctl' "$file" || echo "$file"
done
