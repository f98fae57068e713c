# Rows `FILE KIND OWNER MODE` between tabs, of the secret in the file $1, which the shell command $2 prints; never its content.

# The file's type, or that it has no password.
look_at_secret() {
    if [ ! -e "$1" ] || [ -n "$(sh -c "$2" 2>/dev/null)" ]; then
        stat --printf '%n\t%F\t%U:%G\t%a\n' "$1" 2>/dev/null
    else
        printf '%s\tfile without a password\t-\t-\n' "$1"
    fi
}

# Reports a secret that differs from the file $3, which another host gave.
compare_given() {
    ! [ -s "$3" ] || [ ! -e "$1" ] || [ "$(sh -c "$2")" = "$(cat "$3")" ] || printf '%s\tother\t-\t-\n' "$1"
}

# Reports a secret whose copy with the text $3 is not in the file $4.
compare_copy() {
    [ ! -e "$1" ] || [ "$(print_copy "$2" "$3")" = "$(cat "$4" 2>/dev/null)" ] || printf '%s\tcopy differs\t-\t-\n' "$1"
}
