# Prints what was composed, as rows with tabs. The diff of a file is in base64, and only of one that everybody may read, or
# whose path is in the file `shown`.
readable() { { grep -qxF "/$path" shown || [ -n "$(find "$1" -perm -004)" ]; } && [ -n "$(find "$1" -type f -size -65k)" ]; }
while IFS= read -r key; do
    path=${key#*:/} what=create diff=''
    if [ -e "/$path" ] || [ -L "/$path" ]; then what=update; fi
    if [ -L "tree/$path" ]; then
        target=$(readlink "tree/$path")
        diff=$(printf -- '-> %s\n' "$target" | base64 -w0)
        to=$(realpath -ms -- "/${path%/*}/$target")
        case $target in /*) to=$target ;; esac
        [ -e "$to" ] || [ -e "tree$to" ] || printf 'missing\t/%s\t%s\n' "$path" "$target"
    elif readable "tree/$path" && { [ ! -e "/$path" ] || readable "/$path"; }; then
        present=/$path
        [ -e "$present" ] || present=/dev/null
        diff=$(diff -u --label "a/$path" --label "b/$path" "$present" "tree/$path" | base64 -w0) || :
    else
        diff=$(echo 'the content is private and not shown' | base64 -w0)
    fi
    printf '%s\t%s\t%s\n' "$what" "$key" "$diff"
done < manifest
sed 's/.*/delete\t&\t/' deleted
sed 's/.*/left\t&\t/' left
cat now/* 2>/dev/null | sed -n 's/^# \([a-z]*:[^ ]*\) \([a-z]*\)$/unit\t\1\t\2/p'
