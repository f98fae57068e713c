# A supplied secret alone in the file $1, which root writes and the group $2 reads. $3: the value, where the batch has it. The
# value is in no argument of a process.

# Prints a row `FILE STATE`: right, or what is wrong; nothing if there is no such file.
look_at_password() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        state=right
        ! [ -s "$3" ] || [ "$(cat "$1")" = "$(cat "$3")" ] || state='the value differs'
        [ "$(stat -c '%F %U:%G %a' "$1")" = "regular file root:$2 640" ] || state='its owner or mode differs'
        [ -s "$1" ] || state='it is empty'
        printf '%s\t%s\n' "$1" "$state"
    fi
}

# $4: where the value comes from, in words.
write_password() (
    umask 077
    [ -s "$3" ] || { echo "there is no value for it from $4 yet"; exit 1; }
    { cat "$3" && echo; } > "$1.new" # msmtp wants a whole line
    chown "root:$2" "$1.new" && chmod 640 "$1.new"
    sync -d "$1.new" 2>/dev/null || :
    mv -fT "$1.new" "$1"
)
