# Each prints a `login` row if the stored password opens an account. $1: the account's name; $2: the file of its secret;
# $3: shell that prints the secret.

# As PHP tries it: by the socket $4, without TLS (the line $5 of an option file), with the client $6. The option file is in
# the batch's directory.
try_login() {
    [ -e "$2" ] || return 0
    options=login-$1
    printf '[client]\nuser=%s\npassword=%s\nsocket=%s\n%s\n' "$1" "$(sh -c "$3")" "$4" "$5" > "$options"
    if eval "$6 --defaults-file=\"\$options\" --batch -e 'SELECT 1'" >/dev/null 2>&1; then printf 'login\t%s\tlocalhost\n' "$1"; fi
    rm -f "$options"
}

# From another host, by what the server keeps of the password: the query $4, with %s for it, given to the client $5.
compare_password() {
    [ -e "$2" ] || return 0
    # shellcheck disable=SC2059 # the query is the format
    printf "$4" "$(sh -c "$3")" | eval "$5 --raw" 2>/dev/null
}
