# Gives what FORMER owns in FOLDER to ACCOUNT. `-RhP` walks by descriptor and follows no link; `--from` changes only what FORMER
# owns. READER, the web server's user, still reads what it owned, except files that match HIDDEN (tests of find, quoted words),
# and writes none of it. Modes are changed as ACCOUNT: a link that FORMER's programs put there leads to nothing else. The former
# modes are kept for move-out.sh.
. ./enter.sh
mkdir -p "$KEPT"
enter "$FOLDER" || { echo "$why"; exit 1; }
chown -RhP --from="$FORMER" "$ACCOUNT" .
[ "$FORMER" = "$READER" ] || exit 0
eval "set -- $HIDDEN"
# shellcheck disable=SC2016 # the user's shell expands them
setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
    sh -euc 'group=$1; shift
        find . -xdev -user "$0" -group "$group" ! -type l -printf "%m\0%p\0"
        find . -xdev -user "$0" -group "$group" ! -type l ! "$@" -exec chmod g=u {} +
        find . -xdev -user "$0" -group "$group" ! -type l -perm /g=w -exec chmod g-w {} +' \
    "$ACCOUNT" "$READER" "$@" > "$KEPT/modes"
