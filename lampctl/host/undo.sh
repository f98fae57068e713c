# Restores what this generation replaced, deletes what it created, and makes the services load the result.
cd "$(dirname "$0")" || exit 1
PLAYBOOK=$(cat playbook)
export PLAYBOOK
failed=0
kept=$PWD
. ./enter.sh
# Fails if a user other than root could redirect the path.
go() { name=${path##*/}; enter "${path%/*}"; }
sort -r created | while IFS= read -r key; do
    path=${key#*:}
    go && rm -f "./$name"
done
while IFS= read -r path; do
    go && rm -f "./$name" && dpkg-divert --quiet --local --rename --remove "$path" || failed=1
done < "$kept/diverted"
while IFS= read -r path; do
    dpkg-divert --quiet --local --rename --divert "$path.distrib" --add "$path" || failed=1
done < "$kept/restored"
while IFS= read -r path; do
    path=/$path
    if go; then printf '%s\n' "${path#/}"; else echo "$path: $why" >&2; failed=1; fi
done < "$kept/replaced" > "$kept/safe"
cd "$kept" || exit 1
tar -C / -xpf old.tar -T safe || failed=1
if grep -qs '^etc/systemd/system/' replaced; then systemctl daemon-reload; fi
sh ./disown.sh created
cat deleted stopped | xargs -r -d '\n' sh ./own.sh
for service in services/*; do
    [ ! -e "$service" ] || sh -eu "$service" || failed=1
done
sh ./forget.sh services
# A slice without a file would stay until the host restarts.
sed -n 's|^file:/etc/systemd/system/\(.*\.slice\)$|\1|p' created | xargs -r -d '\n' systemctl stop
rm -f undo.sh
exit "$failed"
