# Unpacks ARCHIVE as the release DIGEST in FOLDER, readable by GROUP; files that match HIDDEN, tests of find (quoted words),
# by nobody else. Deletes the oldest releases beyond MOST. A release is complete, or does not exist.
. ./enter.sh
batch=$PWD
enter "$FOLDER" make || { echo "$why"; exit 1; }
if [ ! -d "$DIGEST" ]; then
    rm -rf "./$DIGEST.new"
    mkdir "./$DIGEST.new"
    # -m: its files get the current time. The archive has none, and with equal times browsers and opcache would take a new
    # release for the old one.
    tar -C "./$DIGEST.new" --no-same-owner -xzpmf "$batch/$ARCHIVE"
    sync -f "./$DIGEST.new"
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
served=$(readlink ../current || :)
# shellcheck disable=SC2012 # names are checksums; ls sorts by time
ls -td -- */ | tr -d / | grep -vxF -e "${served##*/}" -e "$DIGEST" | tail -n +"$MOST" |
    while IFS= read -r old; do rm -rf "./$old"; done
