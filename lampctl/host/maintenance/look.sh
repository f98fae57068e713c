# Prints the address from which the SSH connection of this script comes, as `from`; nothing if there is none. The batch hides it from
# its scripts, so that of a parent is read.
process=$$
while [ "${process:-0}" -gt 1 ]; do
    from=$(tr '\0' '\n' < "/proc/$process/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=\([^ ]*\) .*/\1/p' | head -n 1)
    if [ -n "$from" ]; then
        printf 'from\t%s\n' "$from"
        break
    fi
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status" 2>/dev/null)
done
