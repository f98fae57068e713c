# Keeps what the new files replace and delete, beside the script that restores it.
. ./paths.sh
cat manifest deleted | while IFS= read -r key; do
    path=${key#*:}
    # shellcheck disable=SC2119 # its argument is optional
    go || :
done
# Packages came since the plan was made: their files are not replaced, and a first page is not written beside theirs.
tab=$(printf '\t')
while IFS="$tab" read -r key path; do
    if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\n' "$key"; fi
done < vacant > taken
grep -vxFf taken manifest > free || [ "$?" -eq 1 ]
mv free manifest
while IFS= read -r path; do
    if [ -f "$path" ] && dpkg -S "$path" > owner 2>/dev/null; then
        echo "lampctl-reason: packaged"
        cat owner
        exit 1
    fi
done < fresh
umask 077
mkdir -p "$KEPT" /var/lib/lampctl/owned
cp undo.sh "$KEPT/undo.sh.new"
cp enter.sh own.sh disown.sh forget.sh http.sh fastcgi.php deleted stopped "$KEPT"
: > "$KEPT/diverted"; : > "$KEPT/restored"
[ ! -d undo ] || cp -r undo "$KEPT/services"
mkdir -p "$KEPT/again" # what does again what services/ undoes
[ ! -d again ] || cp -r again/. "$KEPT/again"
cp /var/lib/lampctl/passed "$KEPT/passed" 2>/dev/null || : > "$KEPT/passed"
printf '%s\n' "$PLAYBOOK" > "$KEPT/playbook"
printf '%s\n' "$RUN" > "$KEPT/run"
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
# New files are recorded as lampctl's before they exist, in case this script dies. Seeds are recorded afterwards: a seed that
# is recorded but missing has been deleted by its owner.
grep -vxFf seeds "$KEPT/created" > "$KEPT/first" || [ "$?" -eq 1 ]
xargs -r -d '\n' -a "$KEPT/first" sh ./own.sh
mv "$KEPT/undo.sh.new" "$KEPT/undo.sh"
sync -f "$KEPT" 2>/dev/null || : # before anything is replaced
