# Removes units without a file from this playbook's record: those that the scripts in the directory $1 are about.
systemctl daemon-reload
for script in "$1"/*; do
    [ -e "$script" ] || continue
    unit=$(sed -n '1s/^# service:\([^ ]*\) .*/\1/p' "$script")
    if [ -n "$unit" ] && [ -z "$(systemctl show --value -p FragmentPath "$unit")" ]; then printf 'service:%s\n' "$unit"; fi
done > gone
[ ! -s gone ] || sh ./disown.sh gone
