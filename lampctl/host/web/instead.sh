# Prints the output of the shell command CALL, a request; and, unless that is the probe file, lines `others` and a tab: the enabled
# configuration files of the web server in ROOT that are not lampctl's and may have answered for the site NAMES (a regular
# expression) instead, the newest first. Files of packages are left out.
printed=$(eval "$CALL")
printf '%s\n' "$printed"
case $printed in *lampctl-static*) exit 0 ;; esac
# NGINX reads every file of sites-enabled, such as Debian's `default`.
find "$ROOT/sites-enabled" "$ROOT/conf-enabled" "$ROOT/conf.d" \( -name '*.conf' -o -path '/etc/nginx/sites-enabled/*' \) \
    -printf '%T@ %p\n' 2>/dev/null | sort -rn | cut -d ' ' -f 2- |
    while IFS= read -r file; do
        real=$(readlink -f "$file")
        if grep -q 'Managed by lampctl' "$real" || grep -qxF "$real" /var/lib/dpkg/info/*.list; then continue; fi
        # A vhost counts if it has the name, or takes any; other files apply to all of them.
        if ! grep -qiE '<VirtualHost|server_name|listen' "$real" || grep -qiE "$NAMES" "$real"; then printf 'others\t%s\n' "$file"; fi
    done
