# Puts back what this generation replaced, takes away what it created, and has the servers load it.
cd "$(dirname "$0")" || exit 1
PLAYBOOK=$(cat playbook)
export PLAYBOOK
failed=0
sort -r created | while IFS= read -r key; do
    path=${key#*:}
    if [ -d "$path" ] && [ ! -L "$path" ]; then rmdir "$path" 2>/dev/null || :; else rm -f "$path"; fi
done
while IFS= read -r path; do
    rm -f "$path"; dpkg-divert --quiet --local --rename --remove "$path" || failed=1
done < diverted
while IFS= read -r path; do
    dpkg-divert --quiet --local --rename --divert "$path.distrib" --add "$path" || failed=1
done < restored
tar -C / -xpf old.tar || failed=1
if grep -qs '^etc/systemd/system/' replaced; then systemctl daemon-reload; fi
sh ./disown.sh created
cat deleted stopped | xargs -r -d '\n' sh ./own.sh
for service in services/*; do
    [ ! -e "$service" ] || sh -eu "$service" || failed=1
done
rm -f undo.sh
exit "$failed"
