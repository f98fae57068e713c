# Functions for a release that is being made: the working directory, which only root can enter.
# shellcheck disable=SC2153,SC2154 # unpack.sh has the variables

refuse() {
    echo "lampctl-reason: release"
    echo "$1"
    exit 1
}

# Fails if a link leads out of it: the web server would follow it. /usr is not a site's.
contained() {
    if find . -type l '(' -path '*[[:cntrl:]]*' -o -lname '*[[:cntrl:]]*' ')' | grep -q .; then
        refuse "a link's name has control characters"
    fi
    out=$(find . -type l -print0 | xargs -0 -r readlink -mz -- | tr '\0' '\n' |
        awk -v here="$(pwd -P)" '$0 != here && index($0, here "/") != 1 && index($0, "/usr/") != 1 { print; exit }')
    [ -z "$out" ] || refuse "a link of the release leads to $out, outside"
}

# Makes the folder of the path $1, below the working directory, and fails if one of its parents is a link.
parents() {
    way=''
    rest=$1
    while [ "${rest#*/}" != "$rest" ]; do
        way=$way${rest%%/*}/ rest=${rest#*/}
        [ ! -L "./${way%/}" ] || refuse "$1: ${way%/} is a link in the release"
        [ -d "./$way" ] || mkdir "./$way" || refuse "$1: ${way%/} is no folder in the release"
    done
}

# The path $1 as a link to the place where it outlives releases; with a slash at its end it is a folder. On the first deploy, the
# release's content is copied there: nobody else can reach it meanwhile.
share() {
    path=${1%/} kind='file' up=..
    parents "$path"
    case $1 in */) kind=folder ;; esac
    case ${path##*/} in *.*) ;; *) kind=folder ;; esac
    if [ -d "./$path" ]; then
        [ ! -L "./$path" ] || refuse "$1 is a link in the release: name what it leads to"
        kind=folder
    elif [ -e "./$path" ] || [ -L "./$path" ]; then
        case $1 in */) refuse "$1 is a file in the release: name it without the slash" ;; esac
        kind='file'
    fi
    (
        release=$PWD name=${path##*/} folder=shared/$path
        enter "${FOLDER%/*}/${folder%/*}" make || refuse "$why"
        if [ -d "./$name" ] && [ ! -L "./$name" ]; then found=folder; else found='file'; fi
        if [ ! -e "./$name" ] && [ ! -L "./$name" ]; then
            rm -rf "./$name.lampctl-new"
            if [ -e "$release/$path" ]; then
                cp -a "$release/$path" "./$name.lampctl-new"
                chown -hRP "$ACCOUNT:$ACCOUNT" "./$name.lampctl-new"
                echo "shared/$path has what the release brought"
            elif [ "$kind" = folder ]; then
                mkdir -m 755 "./$name.lampctl-new"
                chown "$ACCOUNT:$ACCOUNT" "./$name.lampctl-new"
            else
                (umask 077 && : > "./$name.lampctl-new")
                chown "$ACCOUNT:$ACCOUNT" "./$name.lampctl-new"
            fi
            mv -T "./$name.lampctl-new" "./$name"
        elif [ "$found" != "$kind" ]; then
            refuse "$1 is a $kind in the release, and a $found in $PWD, where it was first: move that one away, or leave $1 out"
        fi
    )
    rm -rf "./$path"
    rest=$path
    while [ "${rest#*/}" != "$rest" ]; do up=$up/.. rest=${rest#*/}; done
    ln -s "$up/../shared/$path" "./$path"
    chown -h "$ACCOUNT:$ACCOUNT" "./$path" # web servers follow a link to what its owner has
}

# The folders WRITABLE, and all in them, belong to $1. Links are not followed: the site's user might have made them.
give() {
    owner=$1
    eval "set -- $WRITABLE"
    for path; do
        parents "$path/"
        chown -hRP "$owner" "./$path"
    done
}

# Its files belong to root.
owned() {
    eval "set -- $HIDDEN"
    find . -mindepth 1 -exec chown -h "root:$GROUP" {} +
    find . ! -type l "$@" -exec chmod o= {} +
}
