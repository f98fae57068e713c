# Hands the generation over: each path is replaced by a rename, so nobody ever reads half a file.
. ./paths.sh
umask 022
trap 'rm -f "./$name.lampctl-new"' EXIT
while IFS= read -r key; do
    path=${key#*:}
    go make
    if grep -qxF "$path" "$batch/diverts" && [ -z "$(dpkg-divert --listpackage "$path")" ]; then
        [ ! -e "$name" ] || { cp -a "./$name" "./$name.distrib" && sync -d "./$name.distrib"; }
        dpkg-divert --quiet --local --no-rename --divert "$path.distrib" --add "$path"
        printf '%s\n' "$path" >> "$KEPT/diverted"
    fi
    cp -a "$batch/new$path" "./$name.lampctl-new"
    [ -L "./$name.lampctl-new" ] || sync -d "./$name.lampctl-new" 2>/dev/null || : # a power failure leaves no empty file
    mv -fT "./$name.lampctl-new" "./$name"
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
# systemd notices deleted and changed unit files only after a daemon-reload.
if grep -q '^[a-z]*:/etc/systemd/system/' manifest deleted; then systemctl daemon-reload; fi
grep -xFf seeds "$KEPT/created" > "$KEPT/last" || [ "$?" -eq 1 ]
xargs -r -d '\n' -a "$KEPT/last" sh ./own.sh
