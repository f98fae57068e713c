# Rows `SITE WHAT VALUE`, between tabs, of what is left of a site's former name: `account NAME`, `folder PATH` (a directory), `taken
# PATH` (the directory's new place, which exists as well) and `link PATH` (to the new place). $1: the site; $2, $3: its former and
# its new user; then pairs of former and new paths.
look_former() {
    site=$1
    ! getent passwd "$2" >/dev/null || printf '%s\taccount\t%s\n' "$site" "$2"
    shift 3
    while [ "$#" -gt 1 ]; do
        if [ -L "$1" ]; then
            [ "$1" -ef "$2" ] && printf '%s\tlink\t%s\n' "$site" "$1"
        elif [ -d "$1" ]; then
            printf '%s\tfolder\t%s\n' "$site" "$1"
            [ ! -d "$2" ] || [ -L "$2" ] || printf '%s\ttaken\t%s\n' "$site" "$2"
        fi
        shift 2
    done
}
