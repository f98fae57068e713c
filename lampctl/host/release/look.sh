# Prints as rows what a plan has to know of releases. `held`: the site, what its link says, and `there` if the release that a
# rollback holds it at exists. `unrecorded`: a site of which the record does not say that what it serves is proved.
records=/var/lib/lampctl/releases
for link in /etc/lampctl/held/*; do
    [ -L "$link" ] || continue
    site=${link##*/} text=$(readlink "$link") there=''
    [ ! -d "/var/www/$site/releases/${text%%-*}" ] || there=there
    printf 'held\t%s\t%s\t%s\n' "$site" "$text" "$there"
done
tab=$(printf '\t')
for link in /var/www/*/current; do
    [ -L "$link" ] || continue
    site=${link%/current} site=${site##*/} last=''
    if [ -f "$records/$site/proved" ]; then
        while IFS=$tab read -r _ id _; do last=$id; done < "$records/$site/proved" # at the end, read leaves nothing
    fi
    [ "releases/$last" = "$(readlink "$link")" ] && [ -e "$records/$site/switch" ] || printf 'unrecorded\t%s\t\t\n' "$site"
done
