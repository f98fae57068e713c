# Removes the keys in the file $1 from this playbook's record of what it made.
list=/var/lib/lampctl/owned/$PLAYBOOK
new=/var/lib/lampctl/owned.new
[ -e "$list" ] || exit 0
grep -vxFf "$1" "$list" > "$new"
# 1: no line is left. Above 1: the disk is full, and a record with too many keys does no harm.
if [ "$?" -le 1 ]; then mv "$new" "$list"; else rm -f "$new"; fi
