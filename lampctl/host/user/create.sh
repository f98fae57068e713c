# Creates the system user NAME, whose home is FOLDER. In 0.1 the site may have shared another site's user: what that user owns
# below OWNS (quoted words) is given to this one. `-RhP` walks by descriptor and follows no link; `--from` changes only what
# that user, or its group, owns.
useradd --system --user-group --no-create-home --shell /usr/sbin/nologin --home-dir "$FOLDER" "$NAME"
eval "set -- $OWNS"
for path; do
    was=$(stat -c %U "$path" 2>/dev/null || :)
    case $was in
    site-*)
        chown -RhP --from="$was" "$NAME" "$path"
        chown -RhP --from=":$was" ":$NAME" "$path"
        ;;
    esac
done
