# Runs the hook WHEN of SITE: the commands COMMANDS, in its release DIGEST. One that comes after the switch is recorded; ELSEWHERE
# is not empty if another host runs some of its commands.
. ./enter.sh
(enter "/var/www/$SITE" && cache)
commands "/var/www/$SITE/releases/$DIGEST" hook
if [ "$WHEN" = after_switch ]; then ran "$SITE" "$DIGEST${ELSEWHERE:+ elsewhere}"; fi
