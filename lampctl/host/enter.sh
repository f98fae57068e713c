# Root changes nothing by a path that another user could redirect; a site's files are changed as the site's user.

# Succeeds if root owns the working directory and only root can change its entries. Only root could change that, so a
# directory that was closed once stays closed. No path has // in it.
known=//
closed() {
    case $known in *"//$PWD//"*) return 0 ;; esac
    [ -z "$(find . -maxdepth 0 '(' ! -user 0 -o -perm /022 ')')" ] && known=$known$PWD//
}

# Changes into the directory $1. Each directory of the path must be closed, and each link must belong to root: then only root
# can redirect the path. With `make` as $2, missing directories are created. On failure, `why` is the reason, and `whose` the
# owner of the entry that caused it (empty: no such directory).
enter() {
    why="$1 does not exist" whose='' rest=$1/ links=40
    cd / || return 1
    while [ -n "$rest" ]; do
        part=${rest%%/*} rest=${rest#*/}
        if [ -z "$part" ] || [ "$part" = . ]; then continue; fi
        if [ -L "./$part" ]; then
            whose=$(stat -c %U "./$part")
            why="${PWD%/}/$part is a link that belongs to $whose"
            links=$((links - 1))
            [ "$(stat -c %u "./$part")" = 0 ] && [ "$links" -gt 0 ] || return 1
            part=$(readlink "./$part") && whose='' || return 1
            rest=$part/$rest
            case $part in /*) cd / || return 1 ;; esac
        else
            [ -d "./$part" ] || { [ "${2:-}" = make ] && mkdir -m 755 "./$part"; } || return 1
            cd -P "./$part" || return 1
            closed || { whose=$(stat -c %U .); why="$(pwd -P) can be changed by users other than root (owner $(stat -c %U:%G .), mode $(stat -c %a .))"; return 1; }
        fi
    done
}

# Runs the shell script $2 with the further arguments as the user $1, in a sandbox: nothing of root's reaches it but
# stdin, stdout and stderr, and it can't outlive its time.
as() {
    as=$1 && shift
    systemd-run --quiet --collect --wait --pipe --service-type=exec --description="lampctl, as $as" \
        -p "User=$as" -p RuntimeMaxSec=20 -p NoNewPrivileges=yes -p CapabilityBoundingSet= -p ProtectSystem=full -p PrivateTmp=yes -p PrivateDevices=yes \
        -p ProtectProc=invisible -p InaccessiblePaths=-/run/dbus -p RestrictAddressFamilies=AF_UNIX \
        -p SystemCallFilter=@system-service -p RestrictNamespaces=yes -p RestrictSUIDSGID=yes -p UMask=0022 \
        -- sh -euc "$@" 9>&-
}

# Runs the shell script $3 with the further arguments in the directory $1: as the user $2 if one is given, as root if root
# can `enter` it, else as the owner of the first directory of the path that does not belong to root.
within() {
    dir=$1 user=$2 back=$PWD
    shift 2
    if [ -z "$user" ]; then
        if enter "$dir"; then
            script=$1 && shift
            if sh -euc "$script" - "$@"; then code=0; else code=$?; fi
            cd "$back" && return "$code"
        fi
        cd "$back" || return
        user=$whose
    fi
    [ -n "$user" ] && [ "$user" != root ] || { echo "$why"; return 1; }
    script=$1 && shift
    # shellcheck disable=SC2016 # the user's shell expands it
    as "$user" 'cd "$1" && shift && '"$script" - "$dir" "$@"
}
