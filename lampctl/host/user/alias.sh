# Gives the uid and gid of the user OLD the name NEW as well, before the old name; /etc/passwd, which tells whether it is done,
# comes last. Only files of groups list members.
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
# Its program may be running: it finds what it stores at the old path as well.
[ ! -d "/var/lib/$OLD" ] || [ -L "/var/lib/$OLD" ] || [ -e "/var/lib/$NEW" ] || {
    mv -T "/var/lib/$OLD" "/var/lib/$NEW"
    ln -s "$NEW" "/var/lib/$OLD"
}
