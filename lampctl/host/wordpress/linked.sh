# Succeeds if each of EXTRAS, such as plugins/shop, is a link in FOLDER to DELIVERED.
eval "set -- $EXTRAS"
for extra; do [ "$(readlink "$FOLDER/$extra")" = "$DELIVERED/$extra" ] || exit 1; done
