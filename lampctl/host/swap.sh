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
touch /var/lib/lampctl/owned
cat /var/lib/lampctl/owned "$kept/created" > "$kept/owned.new"
mv "$kept/owned.new" /var/lib/lampctl/owned
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
