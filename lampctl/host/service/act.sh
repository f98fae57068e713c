# Makes UNIT run what is on disk, or shows why it does not: by VERB, or by RUNNING if it is active already. TEST: shell that
# tests its configuration; SERVED: the service of a socket; SOCKETS (quoted words) exist, and READY (shell) succeeds, after at
# most TRIES tenths of a second; OWN_FILES: empty if lampctl writes no file of the unit.
# A reload with a config that is not valid ends FPM; so it is tried first, and what runs goes on.
if ! sh -c "$TEST" > tested 2> verdict </dev/null; then
    echo "lampctl-reason: unloadable $LAYER"
    if [ -s verdict ]; then tail -n 12 verdict; else tail -n 12 tested; fi
    exit 1
fi
why() {
    echo "lampctl-reason: service"
    systemctl status --no-pager -n 0 "$UNIT" | sed -n 's/^ *Active:/Active:/p'
    journalctl -q -u "$UNIT" -n 12 --no-pager -o cat || :
    exit 1
}
[ -z "$OWN_FILES" ] || systemctl daemon-reload
# A socket can't be started while its service runs without it, as an interrupted run may have left it.
if [ -n "$SERVED" ]; then systemctl is-active --quiet "$UNIT" || systemctl stop "$SERVED" 2>/dev/null || :; fi
systemctl reset-failed "$UNIT" 2>/dev/null || :
how=$VERB
if systemctl is-active --quiet "$UNIT"; then how=$RUNNING; fi
systemctl "$how" "$UNIT" || why
# After the start, and only where it is needed: it takes a while, and somebody may be waiting.
systemctl is-enabled --quiet "$UNIT" || systemctl enable --quiet "$UNIT"
# A reload of FPM returns before the sockets of its new pools exist; so they are waited for. One that was deleted while it
# listened comes back with a restart only.
left=$TRIES
eval "set -- $SOCKETS"
for socket; do
    while [ ! -S "$socket" ]; do
        [ "$left" -ne 70 ] || systemctl restart "$UNIT" || why
        left=$((left - 1)); [ "$left" -gt 0 ] || { echo "$socket did not appear"; why; }
        sleep 0.1
    done
done
until printed=$(sh -c "$READY" 2>&1); do
    left=$((left - 1))
    if [ "$left" -le 0 ] || ! systemctl is-active --quiet "$UNIT"; then echo "$printed"; why; fi
    sleep 0.1
done
systemctl is-active --quiet "$UNIT" || why
