# Records the given keys as made by this playbook, in the playbook's own file; by a rename, because writing in place would
# leave an empty file on a full disk.
list=/var/lib/lampctl/owned/$PLAYBOOK
new=/var/lib/lampctl/owned.new
mkdir -p "${list%/*}"
touch "$list"
{ cat "$list"; printf '%s\n' "$@"; } | sort -u > "$new" && mv "$new" "$list"
