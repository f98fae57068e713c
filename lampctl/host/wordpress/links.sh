# Makes the links in FOLDER/plugins and FOLDER/themes, as the user ACCOUNT, to what the release RELEASE has there: through DELIVERED,
# which is a path by the link to the release that is served. With PRUNE, other links below DELIVERED are deleted. Files and links of
# others are left alone.
. ./enter.sh
for kind in plugins themes; do
    names=$(ls "$RELEASE/$kind" 2>/dev/null || :)
    # shellcheck disable=SC2016,SC2086 # the tenant's shell expands it; names of plugins and themes have no blanks
    within "$FOLDER/$kind" "$ACCOUNT" '
        to=$1 prune=$2 && shift 2
        for name; do
            [ "$(readlink "./$name")" = "$to/$name" ] || ln -sT "$to/$name" "./$name"
        done
        [ -n "$prune" ] || exit 0
        for link in *; do
            if [ "$(readlink "./$link" || :)" = "$to/$link" ]; then
                case " $* " in *" $link "*) ;; *) rm "./$link" ;; esac
            fi
        done
    ' "$DELIVERED/$kind" "$PRUNE" $names </dev/null
done
