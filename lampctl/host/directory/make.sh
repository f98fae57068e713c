. ./enter.sh

# Makes the directory $2 in $1, with the mode $3 and the owner $4; $5 may also read it. By the working directory and not by
# name: it is what was entered, whatever the name comes to mean. The reader first, so that nobody who may read it now is kept
# out meanwhile.
make_as_root() (
    name=$2 mode=$3 owner=$4 reader=$5
    enter "$1" make || { echo "$why"; exit 1; }
    [ -d "./$name" ] || mkdir -m 700 "./$name"
    cd -P "./$name" || exit
    [ -z "$reader" ] || setfacl -m "u:$reader:r-x,g::r-x" .
    chown "$owner" .
    chmod "$mode" .
)

# Makes the directory $2 in $1, which is the user $4's, with the mode $3.
make_as_tenant() {
    # shellcheck disable=SC2016 # the tenant's shell expands them
    within "$1" "$4" 'mkdir -p "$1"; chmod "$2" "$1"' "./$2" "$3" </dev/null
}
