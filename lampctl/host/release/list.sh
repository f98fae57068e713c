# Prints the releases of this host as rows, with SITE each: `site`, the release that is served and what a rollback holds;
# `release`, its id, when it was made, its commit, and how the run began that made it; `proved`, the oldest first, as prove.sh
# records it; `earlier`, the release that a rollback goes to; `about`, what is recorded of the site's page. What is not recorded
# is empty.
tab=$(printf '\t')
for home in /var/www/*; do
    site=${home##*/}
    records=/var/lib/lampctl/releases/$site
    (
        enter "/var/www/$site/releases" && served=$(readlink ../current) || exit
        printf 'site\t%s\t%s\t%s\n' "$site" "${served##*/}" "$(readlink "/etc/lampctl/held/$site")"
        for one in *; do
            case $one in *.new) continue ;; esac
            [ -d "./$one" ] || continue
            created='' commit='' begun=''
            if [ -f "$records/$one" ]; then
                { IFS=$tab read -r created commit && begun=$(head -c 65536 | head -n 1); } < "$records/$one"
            fi
            printf 'release\t%s\t%s\t%s\t%s\t%s\n' "$site" "$one" "${created:-$(stat -c %Y "./$one")}" "$commit" "$begun"
        done
        [ ! -f "$records/proved" ] || cut -f 2,3 "$records/proved" | sed "s/^/proved$tab$site$tab/"
        printf 'earlier\t%s\t%s\n' "$site" "$(earlier "$records")"
        [ ! -f "$records/switch" ] || printf 'about\t%s\t%s\n' "$site" "$(tar -xOf "$records/switch" about)"
    )
done
