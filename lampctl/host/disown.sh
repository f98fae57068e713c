# Strikes the keys in the file $1 from what this playbook made.
owned=/var/lib/lampctl/owned/$PLAYBOOK
[ -e "$owned" ] || exit 0
grep -vxFf "$1" "$owned" > "$owned.new" || :
mv "$owned.new" "$owned"
