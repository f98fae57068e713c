# Hands the generation over. What is replaced or taken away is kept first, beside the script that puts it back; each
# path is replaced by a rename, so nobody ever reads half a file. All of them lie in directories that root alone can change:
# else a link on the way would have root write, keep or delete something else.
. ./enter.sh
batch=$PWD entered='' name='' whose=''
refuse() { echo "lampctl-reason: redirected"; echo "$path: $why"; exit 1; }
# Into the directory of `path`; with `make` where it is missing. Fails where it is missing without.
go() {
    name=${path##*/}
    [ "$entered" != "${path%/*}" ] || return 0
    entered=${path%/*}
    enter "$entered" "$@" || { entered=; [ -z "$whose" ] || refuse; return 1; }
}
cat manifest deleted | while IFS= read -r key; do
    path=${key#*:}
    go || :
done
umask 077
mkdir -p "$KEPT" /var/lib/lampctl/owned
cp undo.sh "$KEPT/undo.sh.new"
cp enter.sh own.sh disown.sh deleted stopped "$KEPT"
: > "$KEPT/diverted"; : > "$KEPT/restored"
[ ! -d undo ] || cp -r undo "$KEPT/services"
printf '%s\n' "$PLAYBOOK" > "$KEPT/playbook"
: > "$KEPT/created"; : > "$KEPT/replaced"
while IFS= read -r key; do
    path=${key#*:}
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "${path#/}" >> "$KEPT/replaced"; else printf '%s\n' "$key" >> "$KEPT/created"; fi
done < manifest
while IFS= read -r key; do
    path=${key#*:}
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "${path#/}" >> "$KEPT/replaced"; fi
done < deleted
tar -C / -cf "$KEPT/old.tar" --no-recursion -T "$KEPT/replaced"
sh ./disown.sh deleted
# What is made is lampctl's before it is there, should this die. But a seed that is on the list and not there was taken
# away by its owner: it comes on the list once it is there.
grep -vxFf seeds "$KEPT/created" > "$KEPT/first" || [ "$?" -eq 1 ]
xargs -r -d '\n' -a "$KEPT/first" sh ./own.sh
mv "$KEPT/undo.sh.new" "$KEPT/undo.sh"
umask 022
trap 'rm -f "./$name.lampctl-new"' EXIT
while IFS= read -r key; do
    path=${key#*:}
    go make
    if grep -qxF "$path" "$batch/diverts" && [ -z "$(dpkg-divert --listpackage "$path")" ]; then
        [ ! -e "$name" ] || cp -a "./$name" "./$name.distrib"
        dpkg-divert --quiet --local --no-rename --divert "$path.distrib" --add "$path"
        printf '%s\n' "$path" >> "$KEPT/diverted"
    fi
    cp -a "$batch/new$path" "./$name.lampctl-new"
    mv -fT "./$name.lampctl-new" "./$name"
    sync -d "./$name" 2>/dev/null || :
done < "$batch/manifest"
while IFS= read -r key; do
    path=${key#*:}
    go || continue
    rm -f "./$name"
    if [ "$(dpkg-divert --listpackage "$path")" = LOCAL ]; then
        dpkg-divert --quiet --local --rename --remove "$path"
        printf '%s\n' "$path" >> "$KEPT/restored"
    fi
    case ${path%/*} in /etc/systemd/system/*.d | /etc/*/lampctl/*) rmdir "${path%/*}" 2>/dev/null && entered= || : ;; esac
done < "$batch/deleted"
cd "$batch" || exit
# systemd forgets a unit whose file is gone, and reads one that has changed, only when it is told.
if grep -q '^[a-z]*:/etc/systemd/system/' manifest deleted; then systemctl daemon-reload; fi
grep -xFf seeds "$KEPT/created" > "$KEPT/last" || [ "$?" -eq 1 ]
xargs -r -d '\n' -a "$KEPT/last" sh ./own.sh
