# Prints the files below the folder PROGRAMS that ACCOUNT, the site's user, cannot run; or `missing`. As that user: root
# follows no link that the site has made.
cd / || exit
set -- setpriv --reuid="$ACCOUNT" --regid="$ACCOUNT" --init-groups
"$@" test -d "$PROGRAMS" || echo missing
"$@" find -L "$PROGRAMS" -type f ! -executable -print 2>&1
