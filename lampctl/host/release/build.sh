# Builds the archive $1 in a directory of the site's user, with the commands COMMANDS, and puts the result into the directory $2,
# below the working directory, as root's: what the user's programs print is a tar, and root follows none of their paths.
# shellcheck disable=SC2154 # task.sh and archive.sh have them
drop() {
    enter "$home" && rm -rf "$@"
}
build() {
    made=$PWD/$2 home=${FOLDER%/*}
    # What is built sees itself where its release will be, whose path it may record: scripts of a virtual environment do.
    place=$home/releases/$DIGEST
    # shellcheck disable=SC2034 # task.sh has it
    mounts="-p TemporaryFileSystem=$home/releases:ro -p BindPaths=$home/build/$DIGEST:$place"
    (
        enter "$home" && cache && rm -rf ./build && mkdir -m 755 ./build && mkdir -m 700 "./build/$DIGEST"
        chown "$ACCOUNT:$ACCOUNT" "./build/$DIGEST"
    )
    trap '(drop ./build "./releases/$DIGEST.new")' EXIT
    task "$place" "tar -x${zipped}mf -" 600 < "$1"
    commands "$place" build
    {
        task "$place" 'tar -c -f - .' 600 </dev/null || echo "failed" > "$batch/packed"
    } | systemd-run --quiet --collect --wait --pipe --service-type=exec -p CapabilityBoundingSet= -p NoNewPrivileges=yes \
        -p RestrictSUIDSGID=yes -p PrivateDevices=yes -p PrivateNetwork=yes -p ProtectSystem=strict -p "ReadWritePaths=$made" \
        -p SystemCallFilter=@system-service -p RestrictNamespaces=yes -p RuntimeMaxSec=600 -p UMask=0022 \
        --working-directory="$made" -- tar -x -m --no-same-owner --no-same-permissions -f - 9>&-
    [ ! -e "$batch/packed" ]
    (drop ./build)
    (
        cd "$made" || exit
        find . ! -type f ! -type d ! -type l -delete
        find . ! -type l -exec chmod u=rwX,go=rX {} +
    )
}
