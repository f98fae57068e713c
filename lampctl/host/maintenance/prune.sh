# Removes the maintenance of sites that were removed or renamed: this host has no record of them.
prune_maintenance() {
    for closed in /etc/lampctl-maintenance/*; do
        [ ! -d "$closed" ] || [ -e "/etc/lampctl/sites/${closed##*/}.json" ] || rm -rf "$closed"
    done
}
