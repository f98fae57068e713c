# Gives the uid and gid of the user OLD a second name, NEW, in the line before the old name. /etc/passwd comes last: it shows
# whether all is done. Only the files of groups list members.
for file in /etc/gshadow /etc/group /etc/shadow /etc/passwd; do
    {
        printf '%s\n' "s/^$OLD:\\(.*\\)/$NEW:\\1\\n&/"
        case $file in
        /etc/gshadow | /etc/group) printf '%s\n' "s/\\([:,]\\)$OLD\\(,[^:]*\\)\\{0,1\\}\$/\\1$NEW,$OLD\\2/" ;;
        esac
    } > edits
    grep -q "^$NEW:" "$file" || edit "$file"
    grep -q "^$NEW:" "$file"
done
# Its program might be running: its data stays reachable at the old path.
[ ! -d "/var/lib/$OLD" ] || [ -L "/var/lib/$OLD" ] || [ -e "/var/lib/$NEW" ] || {
    mv -T "/var/lib/$OLD" "/var/lib/$NEW"
    ln -s "$NEW" "/var/lib/$OLD"
}
