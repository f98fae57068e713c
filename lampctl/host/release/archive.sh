# The archive of the release DIGEST: the uploaded file WHOLE; or PARTS, to which files of earlier releases are added, in the working
# directory.
# shellcheck disable=SC2034,SC2154 # unpack.sh has the variables

# Sets `archive` to its path, and `zipped` to tar's letter for it. Fails if what was composed is not what has the SHA-256 SUM: a file
# may have changed, or gone, since the host was asked.
gather() {
    archive=$batch/$WHOLE zipped=z
    [ ! -e "$archive" ] || return 0
    archive=$PWD/$DIGEST.tar.new zipped=''
    have 0 > "$batch/have"
    (umask 077 && gzip -dc "$batch/$PARTS" | perl "$batch/compose.pl" "$batch/have" > "$archive") || { rm -f "$archive" && exit 1; }
    case $(sha256sum < "$archive") in "$SUM "*) return 0 ;; esac
    rm -f "$archive"
    echo "lampctl-reason: parts"
    echo "the files that were uploaded and those of earlier releases do not make the release that was meant"
    exit 1
}
