# Makes the release DIGEST of SITE in FOLDER, of its archive and by the commands COMMANDS, readable by GROUP; files that match HIDDEN,
# tests of find (quoted words), by nobody else. SERVED is the folder that it shows. Deletes the oldest of the others beyond MOST. A
# release is complete, or does not exist. Its record, for root only: when it was made, of which COMMIT, and how the run began that
# made it.
# shellcheck disable=SC2154 # archive.sh has them
. ./enter.sh
batch=$PWD records=/var/lib/lampctl/releases/$SITE
enter "$FOLDER" make || { echo "$why"; exit 1; }
if [ ! -d "$DIGEST" ]; then
    rm -rf ./*.new
    gather
    mkdir -m 700 "./$DIGEST.new"
    # -m: its files get the current time. The archive has none, and with equal times browsers and opcache would take a new
    # release for the old one.
    if [ -z "$COMMANDS" ]; then
        tar -C "./$DIGEST.new" --no-same-owner "-x${zipped}pmf" "$archive"
    else
        build "$archive" "$DIGEST.new"
    fi
    rm -f "./$DIGEST.tar.new"
    (
        cd -P "./$DIGEST.new" || exit
        [ -z "$COMMANDS" ] || contained
        [ -d "./$SERVED" ] || refuse "the release has no folder $SERVED"
        owned
        eval "set -- $SHARED"
        for path; do share "$path"; done
        give "$ACCOUNT:$ACCOUNT"
        chmod 755 .
    )
    (umask 077 && mkdir -p "$records")
    { printf '%s\t%s\n' "$(date +%s)" "$COMMIT" && cat "$batch/begun"; } > "$records/$DIGEST"
    sync -f "./$DIGEST.new" "$records"
    mv -T "./$DIGEST.new" "./$DIGEST"
else # it was another user's
    (cd -P "./$DIGEST" && give "root:$GROUP" && owned && give "$ACCOUNT:$ACCOUNT")
fi
chown "root:$GROUP" "./$DIGEST" # this comes last: it marks the release as complete
prune "$records" "$MOST" "$DIGEST"
