# Prints, between tabs, what is in the way of EXTRAS, such as plugins/shop: `core` and the path, if WordPress in CORE has one of that
# name; `other` and the path, if something else than lampctl's link is in FOLDER. And `theme` with the name of each of WordPress's own.
eval "set -- $EXTRAS"
for extra; do
    for path in "$CORE/wp-content/$extra" "$CORE/wp-content/$extra.php"; do
        [ ! -e "$path" ] || printf 'core\t%s\n' "$path"
    done
    path=$FOLDER/$extra
    if [ -e "$path" ] || [ -L "$path" ]; then
        [ "$(readlink "$path" || :)" = "$DELIVERED/$extra" ] || printf 'other\t%s\n' "$path"
    fi
done
find "$CORE/wp-content/themes/" -mindepth 1 -maxdepth 1 ! -name '*.php' -printf 'theme\t%f\n' 2>/dev/null | head -n 200
