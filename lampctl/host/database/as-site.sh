# Reads another host's answers as the site's user, without any other right. The password comes by a file descriptor and the
# program on stdin, because only root can enter the batch's directory. PROGRAM: quoted words.
eval "set -- $PROGRAM"
(
    cd / && exec setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --clear-groups --no-new-privs --bounding-set=-all \
        --inh-caps=-all "$@"
) < database.php 3< "$SECRET" 2>&1
