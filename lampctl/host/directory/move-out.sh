# Reverses move-in.sh: what ACCOUNT owns in FOLDER is FORMER's again, and the directory has its OWNER and MODE.
. ./enter.sh
kept=$PWD
if enter "$FOLDER"; then
    [ ! -s "$kept/modes" ] || setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --clear-groups --no-new-privs \
        --bounding-set=-all --inh-caps=-all xargs -0 -n 2 chmod -f < "$kept/modes" || :
    chown -RhP --from="$ACCOUNT" "$FORMER" .
    setfacl -x "u:$ACCOUNT" . 2>/dev/null || :
    setfacl -x m . 2>/dev/null || : # a mask that is left would take the place of the group's rights
    chown "$OWNER" .
    chmod "$MODE" .
fi
cd "$kept" || exit
