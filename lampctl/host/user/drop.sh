# Removes the name OLD of a user that has another one.
[ ! -L "/var/lib/$OLD" ] || rm "/var/lib/$OLD"
for file in /etc/gshadow /etc/group /etc/shadow /etc/passwd; do
    {
        printf '%s\n' "/^$OLD:/d"
        case $file in
        /etc/gshadow | /etc/group)
            printf '%s\n' "s/\\([:,]\\)$OLD,/\\1/" "s/\\(:\\)$OLD\$/\\1/" "s/,$OLD\$//"
            ;;
        esac
    } > edits
    if grep -q "^$OLD:" "$file"; then edit "$file"; fi
    if grep -q "^$OLD:" "$file"; then exit 1; fi
done
