# Prints what the host has of the other engine: `package NAME` for those of PACKAGES (quoted words) that are installed, and,
# if its mark is in the data directory, `data PATH` and `database NAME`. The packages of the two engines conflict, and share
# the data directory: installing one removes the other, and moves its data aside.
eval "set -- $PACKAGES"
# shellcheck disable=SC2016 # dpkg-query expands them
dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed /package /p'
[ ! -e "$DATA/$MARK" ] || {
    echo "data $DATA"
    find "$DATA" -mindepth 1 -maxdepth 1 -type d ! -name mysql ! -name sys ! -name '*_schema' ! -name '[#.]*' \
        -printf 'database %f\n'
}
