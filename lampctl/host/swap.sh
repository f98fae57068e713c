# Hands the generation over. What is replaced is kept first, beside the script that puts it back; each path is
# replaced by a rename, so nobody ever reads half a file.
umask 077
mkdir -p "$kept"
cp undo.sh "$kept/undo.sh.new"
[ ! -d undo ] || cp -r undo "$kept/services"
: > "$kept/created"; : > "$kept/replaced"
while IFS= read -r key; do
    path=${key#*:}
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "${path#/}" >> "$kept/replaced"; else printf '%s\n' "$key" >> "$kept/created"; fi
done < manifest
tar -C / -cf "$kept/old.tar" --no-recursion -T "$kept/replaced"
# What is made is lampctl's before it is there, should this die. But a seed that is on the list and not there was taken
# away by its owner: it comes on the list once it is there.
own() {
    cat /var/lib/lampctl/owned "$1" > "$kept/owned.new"
    mv "$kept/owned.new" /var/lib/lampctl/owned
}
grep -vxFf seeds "$kept/created" > "$kept/first" || [ "$?" -eq 1 ]
own "$kept/first"
mv "$kept/undo.sh.new" "$kept/undo.sh"
umask 022
path=
trap 'rm -f "$path.lampctl-new"' EXIT
while IFS= read -r key; do
    path=${key#*:}
    mkdir -p "${path%/*}"
    if [ -d "new$path" ] && [ ! -L "new$path" ]; then
        [ -d "$path" ] || mkdir "$path"
        chown root:root "$path"; chmod --reference="new$path" "$path"
    else
        cp -a "new$path" "$path.lampctl-new"
        mv -fT "$path.lampctl-new" "$path"
    fi
    sync -d "$path" 2>/dev/null || :
done < manifest
grep -xFf seeds "$kept/created" > "$kept/last" || [ "$?" -eq 1 ]
own "$kept/last"
