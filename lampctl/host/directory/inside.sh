# Rows `PATH owner OWNER MODE`, `PATH holds USER COUNT` and `PATH linked - COUNT` (files with a further name), between tabs, of the
# directory $1, unless lampctl made it.
look_inside() {
    if [ ! -d "$1" ] || [ -L "$1" ] || grep -qsxF "directory:$1" /var/lib/lampctl/owned/*; then return; fi
    stat --printf '%n\towner\t%U:%G\t%a\n' "$1"
    timeout 10 find "$1" -xdev -printf '%u\t%n\t%y\n' 2>/dev/null | awk -F '\t' -v path="$1" '
        { count[$1]++ }
        $3 == "f" && $2 > 1 { linked++ }
        END {
            for (user in count) print path "\tholds\t" user "\t" count[user]
            if (linked) print path "\tlinked\t\t" linked
        }'
}
