# Strikes the keys in the file $1 from what this playbook made.
list=/var/lib/lampctl/owned/$PLAYBOOK
new=/var/lib/lampctl/owned.new
[ -e "$list" ] || exit 0
grep -vxFf "$1" "$list" > "$new"
# 1: no line is left. More: the disk is full, and a list that is too long does no harm.
if [ "$?" -le 1 ]; then mv "$new" "$list"; else rm -f "$new"; fi
