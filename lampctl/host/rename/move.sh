# Gives what a site has its new name, while the former name still leads there: OLD and NEW, the user; FOLDERS and COPIES (quoted
# words), pairs of former and new paths. Each step is done once; a run that was cut off goes on with it.
eval "set -- $FOLDERS"
while [ "$#" -gt 1 ]; do
    home=${home:-$2} was=${was:-$1}
    if [ -d "$1" ] && [ ! -L "$1" ]; then
        [ ! -L "$2" ] || rm "$2"
        mv -T "$1" "$2"
    fi
    [ ! -d "$2" ] || [ -e "$1" ] || ln -s "$2" "$1"
    shift 2
done
rehome "$NEW" "$was" "$home"
eval "set -- $COPIES"
while [ "$#" -gt 1 ]; do
    [ ! -e "$1" ] || [ -e "$2" ] || cp -p "$1" "$2"
    shift 2
done
sync -f /etc /var
