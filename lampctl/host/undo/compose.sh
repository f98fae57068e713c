# Composes, in the batch's directory, the generation that brings back what the generations NUMBERS (quoted words, the newest
# first) of the playbook RECORD replaced: its files, and the scripts that make the services run them. What another playbook has
# in its record stays as it is, and so do files outside /etc that did not exist: they are data.
state=/var/lib/lampctl
eval "set -- $NUMBERS"
umask 077
mkdir tree now back undo again
: > removing; : > claims; : > diverts
count=0
for number; do
    kept=$state/generations/$number
    { grep '^[a-z]*:/etc/' "$kept/created" || :; } > made
    sed 's|^[a-z]*:/||' made | (cd tree && xargs -r -d '\n' rm -f --)
    tar -C tree -xpf "$kept/old.tar"
    sed 's|^/||' "$kept/diverted" | (cd tree && xargs -r -d '\n' rm -f --) # the package's own file comes back
    { cat made; sed 's|^|file:|' "$kept/diverted"; } >> removing
    cat "$kept/restored" >> diverts
    cat "$kept/stopped" >> claims
    for one in "$kept"/services/*; do
        [ -e "$one" ] || continue
        count=$((count + 1))
        cp "$one" "now/$count"
        cp "$kept/again/${one##*/}" "back/$count"
    done
done
for other in "$state"/owned/*; do
    [ "${other##*/}" = "$RECORD" ] || cat "$other"
done > theirs
# Whether the entry $1 of the tree is on the host already.
same() {
    if [ -L "tree/$1" ]; then
        [ -L "/$1" ] && [ "$(readlink "tree/$1")" = "$(readlink "/$1")" ]
    else
        [ -f "/$1" ] && [ ! -L "/$1" ] && cmp -s "tree/$1" "/$1" &&
            [ "$(stat -c '%a %U:%G' "tree/$1")" = "$(stat -c '%a %U:%G' "/$1")" ]
    fi
}
find tree '(' -type f -printf 'file:/%P\n' ')' -o '(' -type l -printf 'symlink:/%P\n' ')' | sort > all
while IFS= read -r key; do
    if ! same "${key#*:/}"; then printf '%s\n' "$key"; fi
done < all > differing
sort -u removing | while IFS= read -r key; do
    path=${key#*:/}
    if [ -e "tree/$path" ] || [ -L "tree/$path" ]; then continue; fi
    if [ -e "/$path" ] || [ -L "/$path" ]; then printf '%s\n' "$key"; fi
done > going
{ grep -vxFf theirs differing || :; } > manifest
{ grep -vxFf theirs going || :; } > deleted
cat differing going | { grep -xFf theirs || :; } > left
: > seeds; : > stopped
sed 's|^[a-z]*:/||' manifest | tar -C tree -cf generation.tar --no-recursion -T -
# A unit that another playbook needs is not stopped: it runs what is on disk.
number=0
while [ "$number" -lt "$count" ]; do
    number=$((number + 1))
    if sed -n '1s/^# \([^ ]*\).*/\1/p' "now/$number" | grep -qxFf theirs; then cp "back/$number" "now/$number"; fi
    last=$(printf '%03d' $((count - number)))
    cp "back/$number" "undo/$last"
    cp "now/$number" "again/$last"
done
