# Creates or updates an account by the statements CREATE and ALTER, with the password that the shell command READ prints and
# the rights of GRANT; and marks it by MARK, a statement with %s for the password, if there is one.
# printf is a builtin: the password is on a pipe, never in a process's arguments.
value=$(sh -c "$READ")
[ -n "$value" ]
{
    # An account that is locked, or that must use TLS, rejects even the right password.
    printf "%s $IDENTIFIED '%s';\n%s $IDENTIFIED '%s' REQUIRE $REQUIRE ACCOUNT UNLOCK;\n%s\n" \
        "$CREATE" "$value" "$ALTER" "$value" "$GRANT"
    # shellcheck disable=SC2059 # the statement is the format
    [ -z "$MARK" ] || printf "$MARK" "$value"
} | eval "$CLIENT"
