# Generates a random password for VARIABLE in FILE, if READ (shell that prints the password there) prints none. The value is
# never an argument of a process: it passes through shell builtins and pipes only.
umask 077
mkdir -p "${FILE%/*}"; chmod 700 /etc/lampctl "${FILE%/*}"
[ -n "$(sh -c "$READ" 2>/dev/null || :)" ] || {
    value=$(head -c 256 /dev/urandom | base64 -w0 | tr -dc A-Za-z0-9 | head -c 32)
    [ "${#value}" -eq 32 ]
    {
        echo "; Made by lampctl on this host. Only root and, in its environment, the site's code have it."
        printf 'env[%s] = "%s"\n' "$VARIABLE" "$value"
    } > "$FILE.new"
    sync -d "$FILE.new" 2>/dev/null || :
    mv "$FILE.new" "$FILE"
}
chown root:root "$FILE"; chmod 600 "$FILE"
