# Composes, in the batch's directory, the generation that switches SITE of the playbook RECORD from the release START to the
# release END, both ids: the link, the files that name the release's folder, and the link that says that a rollback holds the
# site (HELD; empty: none). What makes the services run them is recorded since the site was proved.
state=/var/lib/lampctl
releases=/var/www/$SITE/releases
umask 077
mkdir tree now undo again
: > deleted; : > left; : > seeds; : > stopped
mkdir -p "tree/var/www/$SITE" tree/etc/lampctl/held
ln -s "releases/$END" "tree/var/www/$SITE/current"
if [ -n "$HELD" ]; then
    ln -s "$HELD" "tree/etc/lampctl/held/$SITE"
elif [ -L "/etc/lampctl/held/$SITE" ]; then
    printf 'symlink:/etc/lampctl/held/%s\n' "$SITE" > deleted
fi
pattern=$(printf '%s/%s' "$releases" "$START" | sed 's/[.]/[.]/g')
sed -n 's|^file:\(/etc/.*\)|\1|p' "$state/owned/$RECORD" | xargs -r -d '\n' grep -lsF -- "$releases/$START" > naming || :
while IFS= read -r path; do
    mkdir -p "tree${path%/*}"
    cp -p "$path" "tree$path"
    sed -i "s|$pattern|$releases/$END|g" "tree$path"
done < naming
find tree '(' -type f -printf 'file:/%P\n' ')' -o '(' -type l -printf 'symlink:/%P\n' ')' | sort > manifest
sed 's|^[a-z]*:/||' manifest | tar -C tree -cf generation.tar --no-recursion -T -
mkdir switch
tar -C switch -xf "$state/releases/$SITE/switch"
number=0
for one in switch/services/*; do
    [ -e "$one" ] || continue
    number=$((number + 1))
    cp "$one" "now/$number"
    cp "$one" "again/${one##*/}"
    cp "switch/undo/${one##*/}" "undo/${one##*/}"
done
