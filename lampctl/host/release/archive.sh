# The archive of a release: the uploaded file WHOLE; or PARTS, to which files of earlier releases are added, in the working directory.
# shellcheck disable=SC2154 # unpack.sh has the variables

# Prints it, a tar.
archive() {
    rm -f "$batch/archive" && mkfifo "$batch/archive"
    sha256sum < "$batch/archive" > "$batch/sum" &
    if [ -e "$batch/$WHOLE" ]; then
        gzip -dc "$batch/$WHOLE"
    else
        have 0 > "$batch/have"
        gzip -dc "$batch/$PARTS" | perl "$batch/compose.pl" "$batch/have"
    fi | tee "$batch/archive"
    wait
}

# Fails if what was printed was not the archive whose SHA-256 is SUM: a file may have changed, or gone, since the host was asked.
intact() {
    case $(cat "$batch/sum") in "$SUM "*) ;; *)
        echo "lampctl-reason: parts"
        echo "the files that were uploaded and those of earlier releases do not make the release that was meant"
        exit 1
        ;;
    esac
}
