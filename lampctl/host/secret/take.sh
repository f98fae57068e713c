# Stores the database host's password for VARIABLE in FILE; it is in the file GIVEN while the batch runs.
umask 077
mkdir -p "${FILE%/*}"; chmod 700 /etc/lampctl "${FILE%/*}"
[ -s "$GIVEN" ] || { echo "the database's host has no password for it yet: deploy that host"; exit 1; }
value=$(cat "$GIVEN")
{
    echo "; Made by lampctl on the database's host. Only root and, through its pool, the site's PHP have it."
    printf 'env[%s] = "%s"\n' "$VARIABLE" "$value"
} > "$FILE.new"
sync -d "$FILE.new" 2>/dev/null || :
mv "$FILE.new" "$FILE"
chown root:root "$FILE"; chmod 600 "$FILE"
