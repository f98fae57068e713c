# Records the releases of the sites in the file `answered`, whose pages passed: a row with the time, the release, and `back` if a
# rollback holds the site there. A record is replaced by a rename: a power failure leaves the old one or the new one. Each row of
# the file has the site, and how many releases stay; empty: all.
prove_releases() {
    state=/var/lib/lampctl
    tab=$(printf '\t')
    while IFS=$tab read -r site keep; do
        records=$state/releases/$site
        (
            enter "/var/www/$site/releases" && served=$(readlink ../current) || exit 0
            served=${served##*/} back=''
            [ -d "./$served" ] || exit 0
            case $(readlink "/etc/lampctl/held/$site") in "$served"-*) back=back ;; esac
            if [ "$(tail -n 1 "$records/proved" 2>/dev/null | cut -f 2,3)" != "$(printf '%s\t%s' "$served" "$back")" ]; then
                (umask 077 && mkdir -p "$records")
                {
                    tail -n 99 "$records/proved" 2>/dev/null || :
                    printf '%s\t%s\t%s\n' "$(date +%s)" "$served" "$back"
                } > "$records/proved.new"
                sync -d "$records/proved.new" && mv "$records/proved.new" "$records/proved"
            fi
            [ -z "$keep" ] || prune "$records" "$keep" "$served"
        )
    done < answered
}
