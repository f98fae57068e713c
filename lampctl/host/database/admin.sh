# Runs the client "$@" with the login in SECRET, a MySQL option file or the password alone, of ACCOUNT (empty: the file's, or
# root). The login is on a pipe: it is in no argument and in no other file.
if [ ! -f "$SECRET" ] || [ -n "$(find -L "$SECRET" -maxdepth 0 '(' ! -user 0 -o -perm /077 ')')" ]; then
    echo "$SECRET (mysql: admin: secret) must be a file that only root can read" >&2
    exit 1
fi
login() {
    printf '[client]\nuser=root\n'
    if grep -q '^\[' "$SECRET"; then cat "$SECRET"; else sed -n '1s/[\\"]/\\&/g; 1s/.*/password="&"/p' "$SECRET"; fi
    [ -z "$ACCOUNT" ] || printf '\n[client]\nuser=%s\n' "$ACCOUNT"
}
program=$1
shift
exec 4<&0
login | "$program" --defaults-file=/dev/fd/3 "$@" 3<&0 <&4
