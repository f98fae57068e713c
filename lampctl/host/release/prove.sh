# Records the releases of the sites in the file `answered`, whose pages passed: a row with the time, the release, and `back` if a
# rollback holds the site there; and the file switches/SITE, what a rollback takes. A record is replaced by a rename: a power
# failure leaves the old one or the new one.
prove_releases() {
    given=$PWD/switches
    while IFS= read -r site; do
        records=/var/lib/lampctl/releases/$site
        replace() { cat > "$records/$1.new" && sync -d "$records/$1.new" && mv "$records/$1.new" "$records/$1"; }
        (
            enter "/var/www/$site/releases" && served=$(readlink ../current) || exit 0
            served=${served##*/} back=''
            [ -d "./$served" ] || exit 0
            (umask 077 && mkdir -p "$records")
            was=$(tail -n 1 "$records/proved" 2>/dev/null | cut -f 2) # an undo goes there
            case $(readlink "$HOLDS/$site") in "$served"-*) back=back ;; esac
            if [ "$(tail -n 1 "$records/proved" 2>/dev/null | cut -f 2,3)" != "$(printf '%s\t%s' "$served" "$back")" ]; then
                {
                    tail -n 99 "$records/proved" 2>/dev/null || :
                    printf '%s\t%s\t%s\n' "$(date +%s)" "$served" "$back"
                } | replace proved
            fi
            [ ! -f "$given/$site" ] || cmp -s "$given/$site" "$records/switch" || replace switch < "$given/$site"
            keep=$(tar -xOf "$records/switch" keep 2>/dev/null)
            [ -z "$keep" ] || prune "$records" "$keep" "$was"
        )
    done < answered
}
