# Writes down that the keys given are what this playbook made; in a file of the playbook's own.
mkdir -p /var/lib/lampctl/owned
for key in "$@"; do
    grep -qxF "$key" "/var/lib/lampctl/owned/$PLAYBOOK" 2>/dev/null || printf '%s\n' "$key" >> "/var/lib/lampctl/owned/$PLAYBOOK"
done
