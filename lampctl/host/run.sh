# One apply: takes the lock, runs the steps, and puts back what was handed over if one of them fails.
# Lines that begin with @@ are events; `| ` is a step's own output.
state=/var/lib/lampctl
trap 'rm -rf "$PWD"' EXIT
umask 077
echo "$$" > keep
mkdir -p "$state/generations"
chmod 700 "$state"
exec 9>>"$state/lock"
if ! flock -n 9; then
    echo "@@locked $(cat "$state/lock")"
    exit 4
fi
printf '%s\n' "$OWNER since $(date -u '+%Y-%m-%d %H:%M:%S UTC'), process $$ on the host" > "$state/lock"
last=$(cat "$state/generation" 2>/dev/null || :)
if [ "$last" != "$SEEN" ]; then
    echo "@@stale $last"
    exit 5
fi
GENERATION=$((${last:-0} + 1))
while [ -e "$state/generations/$GENERATION" ]; do GENERATION=$((GENERATION + 1)); done # its number was lost
export PLAYBOOK
if ! { xargs -r -d '\n' -a adopted sh ./own.sh &&
    echo "$GENERATION" > "$state/generation.new" && mv "$state/generation.new" "$state/generation"; }; then
    echo "@@unwritable $state"
    exit 6
fi
KEPT=$state/generations/$GENERATION
export GENERATION KEPT
umask 022
for left in /run/lampctl.*/keep; do # of runs that were killed; another may just be about to ask for the lock
    kill -0 "$(cat "$left" 2>/dev/null)" 2>/dev/null || rm -rf "${left%/keep}"
done

for step in steps/*; do
    echo "@@begin ${step#steps/}"
    { sh -eu "$step" </dev/null 9>&-; echo $? > rc; } 2>&1 | while IFS= read -r line; do printf '| %s\n' "$line"; done
    rc=$(cat rc)
    echo "@@end ${step#steps/} $rc"
    if [ "$rc" -ne 0 ]; then
        if [ -e "$KEPT/undo.sh" ]; then
            { sh "$KEPT/undo.sh" </dev/null 9>&-; echo $? > rc; } 2>&1 | while IFS= read -r line; do printf '| %s\n' "$line"; done
            echo "@@undone $(cat rc)"
        fi
        exit 1
    fi
done
xargs -r -d '\n' -a claims sh ./own.sh
echo "@@done $GENERATION"
