# Reverses forget.sh: the former name leads to the same again. NEW, the former user, has the uid of OLD, and HOME_OF and FORMER_HOME
# are the site's and its former home; FOLDERS and COPIES (quoted words): pairs of former and new paths.
rehome "$NEW" "$HOME_OF" "$FORMER_HOME"
eval "set -- $FOLDERS"
while [ "$#" -gt 1 ]; do
    [ ! -d "$2" ] || [ -e "$1" ] || ln -s "$2" "$1"
    shift 2
done
eval "set -- $COPIES"
while [ "$#" -gt 1 ]; do
    [ ! -e "$2" ] || [ -e "$1" ] || cp -p "$2" "$1"
    shift 2
done
