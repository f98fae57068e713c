# The number in a client's message `ERROR 1045 (28000): Access denied…`.
error_number() { sed -n 's/^ERROR \([0-9]*\).*/\1/p' | tail -n 1; }

# Each prints a `login` row if the stored password opens an account. $1: the account's name; $2: the file of its secret;
# $3: shell that prints the secret.

# As PHP logs in: by the socket $4, without TLS (the line $5 of an option file), with the client $6. The option file is in
# the batch's directory. A failed login is a row `refused` with the error number: only some of them are about a password.
try_login() {
    [ -e "$2" ] || return 0
    if [ -e hung ]; then return; fi # it would not answer the next one either
    options=login-$1
    printf '[client]\nuser=%s\npassword=%s\nsocket=%s\n%s\n' "$1" "$(sh -c "$3")" "$4" "$5" > "$options"
    if eval "timeout -k 1 3 $6 --defaults-file=\"\$options\" --batch -e 'SELECT 1'" > /dev/null 2> "$options.refused"; then
        printf 'login\t%s\tlocalhost\n' "$1"
    else
        case $? in 124 | 137) : > hung ;; esac
        printf 'refused\t%s\tlocalhost\t%s\n' "$1" "$(error_number < "$options.refused")"
    fi
    rm -f "$options"
}

# For another host, by the server's hash of the password: the query $4, with %s for the password, run by the client $5.
compare_password() {
    [ -e "$2" ] && [ ! -e hung ] || return 0
    # shellcheck disable=SC2059 # the query is the format
    printf "$4" "$(sh -c "$3")" | eval "timeout -k 1 3 $5 --raw" 2>/dev/null && return
    case $? in 124 | 137) : > hung ;; esac
}
