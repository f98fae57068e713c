# Unpacks ARCHIVE as the release DIGEST of SITE in FOLDER, readable by GROUP; files that match HIDDEN, tests of find (quoted
# words), by nobody else. Deletes the oldest of the others beyond MOST. A release is complete, or does not exist. Its
# record, for root only: when it was made, of which COMMIT, and how the run began that made it.
. ./enter.sh
batch=$PWD records=/var/lib/lampctl/releases/$SITE
enter "$FOLDER" make || { echo "$why"; exit 1; }
if [ ! -d "$DIGEST" ]; then
    rm -rf ./*.new
    mkdir "./$DIGEST.new"
    # -m: its files get the current time. The archive has none, and with equal times browsers and opcache would take a new
    # release for the old one.
    tar -C "./$DIGEST.new" --no-same-owner -xzpmf "$batch/$ARCHIVE"
    (umask 077 && mkdir -p "$records")
    { printf '%s\t%s\n' "$(date +%s)" "$COMMIT" && cat "$batch/begun"; } > "$records/$DIGEST"
    sync -f "./$DIGEST.new" "$records"
    mv -T "./$DIGEST.new" "./$DIGEST"
fi
# The group of the release itself comes last: it marks the release as complete.
(
    cd -P "./$DIGEST" || exit
    eval "set -- $HIDDEN"
    find . -mindepth 1 -exec chown -h "root:$GROUP" {} +
    find . ! -type l "$@" -exec chmod o= {} +
    chown "root:$GROUP" .
)
prune "$records" "$MOST" "$DIGEST"
