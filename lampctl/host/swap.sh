# Hands the generation over. What is replaced or taken away is kept first, beside the script that puts it back; each
# path is replaced by a rename, so nobody ever reads half a file. All of them lie in directories that root alone can change:
# else a link on the way would have root write, keep or delete something else.
. ./enter.sh
batch=$PWD entered='' name='' whose=''
refuse() { echo "lampctl-reason: redirected"; echo "$path: $why"; exit 1; }
# Into the directory of `path`.
go() {
    name=${path##*/}
    [ "$entered" != "${path%/*}" ] || return 0
    enter "${path%/*}" make || refuse
    entered=${path%/*}
}
cat manifest deleted | while IFS= read -r key; do
    path=${key#*:}
    [ "$entered" = "${path%/*}" ] || enter "${path%/*}" || [ -z "$whose" ] || refuse
    entered=${path%/*}
done
umask 077
mkdir -p "$kept" /var/lib/lampctl/owned
cp undo.sh "$kept/undo.sh.new"
cp own.sh disown.sh deleted stopped "$kept"
: > "$kept/diverted"; : > "$kept/restored"
[ ! -d undo ] || cp -r undo "$kept/services"
printf '%s\n' "$PLAYBOOK" > "$kept/playbook"
: > "$kept/created"; : > "$kept/replaced"
while IFS= read -r key; do
    path=${key#*:}
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "${path#/}" >> "$kept/replaced"; else printf '%s\n' "$key" >> "$kept/created"; fi
done < manifest
while IFS= read -r key; do
    path=${key#*:}
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "${path#/}" >> "$kept/replaced"; fi
done < deleted
tar -C / -cf "$kept/old.tar" --no-recursion -T "$kept/replaced"
sh ./disown.sh deleted
# What is made is lampctl's before it is there, should this die. But a seed that is on the list and not there was taken
# away by its owner: it comes on the list once it is there.
grep -vxFf seeds "$kept/created" > "$kept/first" || [ "$?" -eq 1 ]
xargs -r -d '\n' -a "$kept/first" sh ./own.sh
mv "$kept/undo.sh.new" "$kept/undo.sh"
umask 022
trap 'rm -f "./$name.lampctl-new"' EXIT
while IFS= read -r key; do
    path=${key#*:}
    go
    if grep -qxF "$path" "$batch/diverts" && [ -z "$(dpkg-divert --listpackage "$path")" ]; then
        [ ! -e "$name" ] || cp -a "./$name" "./$name.distrib"
        dpkg-divert --quiet --local --no-rename --divert "$path.distrib" --add "$path"
        printf '%s\n' "$path" >> "$kept/diverted"
    fi
    cp -a "$batch/new$path" "./$name.lampctl-new"
    mv -fT "./$name.lampctl-new" "./$name"
    sync -d "./$name" 2>/dev/null || :
done < manifest
cd "$batch"
while IFS= read -r key; do
    path=${key#*:}
    rm -f "$path"
    if [ "$(dpkg-divert --listpackage "$path")" = LOCAL ]; then
        dpkg-divert --quiet --local --rename --remove "$path"
        printf '%s\n' "$path" >> "$kept/restored"
    fi
    case ${path%/*} in /etc/systemd/system/*.d | /etc/*/lampctl/*) rmdir "${path%/*}" 2>/dev/null || : ;; esac
done < deleted
# systemd forgets a unit whose file is gone, and reads one that has changed, only when it is told.
if grep -q '^[a-z]*:/etc/systemd/system/' manifest deleted; then systemctl daemon-reload; fi
grep -xFf seeds "$kept/created" > "$kept/last" || [ "$?" -eq 1 ]
xargs -r -d '\n' -a "$kept/last" sh ./own.sh
