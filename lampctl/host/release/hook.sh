# Runs the hook WHEN of SITE: the commands COMMANDS, in its release DIGEST. One that comes after the switch is recorded.
. ./enter.sh
(enter "/var/www/$SITE" && cache)
commands "/var/www/$SITE/releases/$DIGEST" hook
if [ "$WHEN" = after_switch ]; then
    records=/var/lib/lampctl/hooks
    (umask 077 && mkdir -p "$records" && echo "$DIGEST" > "$records/$SITE.new")
    mv "$records/$SITE.new" "$records/$SITE"
fi
