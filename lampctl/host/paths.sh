# Entering the directories of the paths that are handed over, which only root can change: otherwise a link in a path could make
# root write, keep or delete something else.
. ./enter.sh
# shellcheck disable=SC2034 # used by whoever sources this
batch=$PWD entered='' name='' whose=''
# shellcheck disable=SC2154
refuse() { echo "lampctl-reason: redirected"; echo "$path: $why"; exit 1; }
# Enters the directory of `path`. If it is missing, creates it with `make`, and fails without.
go() {
    # shellcheck disable=SC2034
    name=${path##*/}
    [ "$entered" != "${path%/*}" ] || return 0
    entered=${path%/*}
    enter "$entered" "$@" || { entered=; [ -z "$whose" ] || refuse; return 1; }
}
