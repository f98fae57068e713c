# Prints the SHA-256 and the path of each file that the release that is served has, and the newest one: in the working directory,
# which was entered. A NUL ends each. Left out are files that others than root can write, and directories where others can change
# the entries: those would lead root elsewhere. $1: seconds that it may take; 0: as long as it takes.
have() {
    served=$(readlink ../current || :)
    # shellcheck disable=SC2012 # names are checksums; ls sorts by time
    newest=$(ls -td -- */ 2>/dev/null | tr -d / | grep -v '\.new$' | head -n 1)
    set -- "$1" "./$newest"
    [ "${served##*/}" = "$newest" ] || set -- "$@" "./${served##*/}"
    limit=$1 && shift
    for one; do
        [ "$one" != ./ ] && [ -d "$one" ] || continue
        find "$one" -type d '(' ! -user 0 -o -perm /022 ')' -prune -o -type f -user 0 ! -perm /022 -size +0 -print0
    done | timeout "$limit" xargs -0 -r sha256sum -z -- || :
}
