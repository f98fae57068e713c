# Makes UNIT run what is on disk, or shows why it does not: by VERB, or by RUNNING if it is active already. TEST: shell that
# tests its configuration; SERVED: the service of a socket; within TRIES tenths of a second, SOCKETS (quoted words) must exist
# and READY (shell) must succeed; OWN_FILES: empty if lampctl writes no file of the unit; LEAVES: empty, or see leave.sh.
# A reload with an invalid config would end FPM; so the config is tested first, and the running service stays as it is.
if ! sh -c "$TEST" > tested 2> verdict </dev/null; then
    echo "lampctl-reason: unloadable $LAYER"
    if [ -s verdict ]; then tail -n 12 verdict; else tail -n 12 tested; fi
    exit 1
fi
[ -z "$OWN_FILES" ] || systemctl daemon-reload
# A socket can't be started while its service runs without it, which an interrupted run might have left behind.
if [ -n "$SERVED" ]; then systemctl is-active --quiet "$UNIT" || systemctl stop "$SERVED" 2>/dev/null || :; fi
case $(systemctl show -p FreezerState --value "$UNIT") in frozen*) systemctl thaw "$UNIT" ;; esac # it can't be stopped
systemctl reset-failed "$UNIT" 2>/dev/null || :
how=$VERB
if systemctl is-active --quiet "$UNIT"; then how=$RUNNING; fi
# A reload ends Apache if it is to listen on an address that overlaps with its former one: then it only has to be started.
ended() { case $how in reload*) ! systemctl is-active --quiet "$UNIT" ;; *) false ;; esac; }
if [ -n "$LEAVES" ] && [ "$how" = restart ]; then leave; fi
systemctl "$how" "$UNIT" || { ended && systemctl restart "$UNIT"; } || why "$UNIT"
# After the start, and only if needed: it takes a while, and visitors might be waiting.
systemctl is-enabled --quiet "$UNIT" || systemctl enable --quiet "$UNIT"
# A reload of FPM returns before the sockets of its new pools exist, so wait for them. A socket that was deleted while in use
# is recreated by a restart only.
left=$TRIES
eval "set -- $SOCKETS"
for socket; do
    while [ ! -S "$socket" ]; do
        [ "$left" -ne 70 ] || systemctl restart "$UNIT" || why "$UNIT"
        left=$((left - 1)); [ "$left" -gt 0 ] || { echo "$socket did not appear"; why "$UNIT"; }
        sleep 0.1
    done
done
until printed=$(sh -c "$READY" 2>&1); do
    left=$((left - 1))
    if [ "$left" -le 0 ] || ! systemctl is-active --quiet "$UNIT"; then echo "$printed"; why "$UNIT"; fi
    sleep 0.1
done
systemctl is-active --quiet "$UNIT" || { ended && systemctl restart "$UNIT"; } || why "$UNIT"
