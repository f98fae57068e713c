# Prints what is enabled in Apache's ROOT and conflicts with the event MPM, `inside NAME`; whether lampctl has deployed Apache,
# `deployed`; and vhosts that are not lampctl's, `site FILE`: they might need it.
for file in "$ROOT"/mods-enabled/php*.load "$ROOT"/mods-enabled/mpm_prefork.load "$ROOT"/mods-enabled/mpm_worker.load; do
    [ ! -e "$file" ] || basename "$file" .load | sed 's/^/inside /'
done
[ ! -e "$ROOT/conf-available/lampctl.conf" ] || echo deployed
for file in "$ROOT"/sites-enabled/*.conf; do
    [ ! -e "$file" ] || [ "${file##*/}" = 000-default.conf ] || grep -q 'Managed by lampctl' "$file" || echo "site $file"
done
