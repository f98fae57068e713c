# One apply: takes the lock, runs the steps, and rolls back to the previous files if one of them fails. Lines that begin with @@
# are events; `| ` is a step's own output. The journal of the run gets the same lines.
state=/var/lib/lampctl
trap 'rm -rf "$PWD"' EXIT
umask 077
echo "$$" > keep
mkdir -p "$state/generations"
chmod 700 "$state"
exec 9>>"$state/lock"
if ! flock -w 2 9; then # whoever looks whether it is free has it for a moment
    echo "@@locked $(cat "$state/lock")"
    exit 4
fi
prune_maintenance
rm -rf /run/lampctl-leaving # of a run that was killed
rm -f "$state"/generations/*/awaiting # of runs that a power failure ended: who waits has the lock
since="$OWNER since $(date -u '+%Y-%m-%d %H:%M:%S UTC')"
printf '%s\n' "$since, process $$ on the host" > "$state/lock"
last=$(cat "$state/generation" 2>/dev/null || :)
if [ "$last" != "$SEEN" ]; then
    echo "@@stale $last"
    exit 5
fi
GENERATION=$((${last:-0} + 1))
while [ -e "$state/generations/$GENERATION" ]; do GENERATION=$((GENERATION + 1)); done # its number was lost
export PLAYBOOK
while IFS= read -r other; do # what another record has becomes this playbook's
    [ ! -e "$state/owned/$other" ] || { xargs -r -d '\n' -a "$state/owned/$other" sh ./own.sh && rm "$state/owned/$other"; }
done < inherited
if ! { xargs -r -d '\n' -a adopted sh ./own.sh &&
    echo "$GENERATION" > "$state/generation.new" && mv "$state/generation.new" "$state/generation"; }; then
    echo "@@unwritable $state"
    exit 6
fi
KEPT=$state/generations/$GENERATION
RUN=$ID JOURNAL=$state/runs/$ID
export GENERATION KEPT RUN
prune_runs
mkdir -p "$JOURNAL" && cp begun "$JOURNAL/begun" && rm -f "$JOURNAL/ended"
tail -n +1 -s 0.2 -f --pid=$$ log >> "$JOURNAL/log" 2>/dev/null 9>&- & # a full disk must not stop the run
umask 022
ended() { printf '{"verdict": "%s", "ended": %s}\n' "$1" "$(date +%s)" > "$JOURNAL/ended"; }

give_up() {
    if [ -e "$KEPT/undo.sh" ]; then
        { sh "$KEPT/undo.sh" </dev/null 9>&-; echo $? > rc; } 2>&1 | while IFS= read -r line; do printf '| %s\n' "$line"; done
        echo "@@undone $(cat rc)"
    fi
    ended "$1"
    exit 1
}

cat planned
echo "@@generation $GENERATION"
for step in steps/*; do
    if [ -e stop ]; then
        echo "@@stopped"
        give_up stopped
    fi
    echo "@@begin ${step#steps/}"
    { sh -eu "$step" </dev/null 9>&-; echo $? > rc; } 2>&1 | while IFS= read -r line; do printf '| %s\n' "$line"; done
    rc=$(cat rc)
    echo "@@end ${step#steps/} $rc"
    if [ -e unfit ]; then give_up undone; fi # a check failed, and the previous files were never replaced
    if [ "$rc" -ne 0 ]; then give_up failed; fi
done
xargs -r -d '\n' -a claims sh ./own.sh
sync -f / /etc /usr /var "$state" 2>/dev/null # what packages brought as well, before it counts
# From here on the host rolls back unless a verdict comes. What never worked before is kept: the next run goes on with it.
if [ -e "$KEPT/undo.sh" ] && [ -s "$state/passed" ]; then
    printf '%s\n' "$since, until its checks are done" > "$state/lock"
    cp -r await.sh http.sh page.pl pages "$KEPT" && mkfifo -m 600 "$KEPT/awaiting"
    { cd "$KEPT" && JOURNAL=$JOURNAL sh ./await.sh; } </dev/null >> "$JOURNAL/log" 2>&1 & # it inherits the lock
else
    ended unproved
fi
echo "@@done $GENERATION"
