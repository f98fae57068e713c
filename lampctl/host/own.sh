# Writes down that the keys given are what this playbook made; in a file of the playbook's own, and by rename: on a full
# disk, a file that is written in place is empty then.
list=/var/lib/lampctl/owned/$PLAYBOOK
new=/var/lib/lampctl/owned.new
mkdir -p "${list%/*}"
touch "$list"
{ cat "$list"; printf '%s\n' "$@"; } | sort -u > "$new" && mv "$new" "$list"
