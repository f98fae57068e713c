. ./enter.sh

# Creates the directory $2 in $1, with the mode $3 and the owner $4; $5 can also read it. Changes apply to the working
# directory, not to a name that might be replaced meanwhile. The reader comes first, so that no user loses access in between.
# If $6 is `new`, it did not exist when the run was planned: one that came with a package since then is left as it is.
make_as_root() {
    if [ "$6" = new ] && [ -d "$1/$2" ] && dpkg -S "$1/$2" 2>/dev/null; then
        echo "directory:$1/$2" > gone
        sh ./disown.sh gone
        return
    fi
    make_entry "$@"
}

make_entry() (
    name=$2 mode=$3 owner=$4 reader=$5
    enter "$1" make || { echo "$why"; exit 1; }
    [ -d "./$name" ] || mkdir -m 700 "./$name"
    cd -P "./$name" || exit
    [ -z "$reader" ] || setfacl -m "u:$reader:r-x,g::r-x" .
    chown "$owner" .
    chmod "$mode" .
)

# Creates the directory $2 in $1, which belongs to the user $4, with the mode $3.
make_as_tenant() {
    # shellcheck disable=SC2016 # the tenant's shell expands them
    within "$1" "$4" 'mkdir -p "$1"; chmod "$2" "$1"' "./$2" "$3" </dev/null
}

# Fails unless a package has brought the directory $1.
require_directory() {
    [ -d "$1" ] || { echo "lampctl-reason: no-directory"; echo "$1 does not exist: no package of the playbook has it"; exit 1; }
}
