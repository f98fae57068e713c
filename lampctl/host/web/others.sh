# Prints rows about each web server, between tabs: `NAME file PATH` for an enabled configuration file that serves something and is
# neither lampctl's nor a package's own, unchanged; `NAME home PATH` if that names a place in a home directory; `NAME workers N`,
# Apache's MaxRequestWorkers as others set it; `NAME taken` if lampctl's settings are in its unit.
for root in /etc/apache2 /etc/nginx; do
    server=${root##*/}
    [ -d "$root" ] || continue
    [ ! -e "/etc/systemd/system/$server.service.d/lampctl.conf" ] || printf '%s\ttaken\t\n' "$server"
    grep -sL -d skip 'Managed by lampctl' "$root"/sites-enabled/* "$root"/conf-enabled/*.conf "$root"/conf.d/*.conf |
        xargs -r -d '\n' grep -liE '^[[:space:]]*(<VirtualHost|DocumentRoot|(Script)?Alias|server[[:space:]]*\{|root|alias)' |
        while IFS= read -r file; do
            if grep -qxF " $(readlink -f "$file") $(md5sum < "$file" | cut -d ' ' -f 1)" /var/lib/dpkg/status; then continue; fi
            printf '%s\tfile\t%s\n' "$server" "$file"
            ! grep -qsE '^[^#]*[[:space:]:"](/home|/root|/run/user)/' "$file" || printf '%s\thome\t%s\n' "$server" "$file"
        done
done
grep -sL 'Managed by lampctl' /etc/apache2/apache2.conf /etc/apache2/mods-enabled/*.conf /etc/apache2/conf-enabled/*.conf |
    xargs -r -d '\n' grep -hiE '^[[:space:]]*MaxRequestWorkers' |
    awk '{ n = $2 } END { if (n) print "apache2\tworkers\t" n }'
