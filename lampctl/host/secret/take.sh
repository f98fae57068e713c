# Stores the value for VARIABLE in FILE; it comes from ORIGIN, and is in the file GIVEN while the batch runs.
umask 077
mkdir -p "${FILE%/*}"; chmod 700 /etc/lampctl "${FILE%/*}"
[ -s "$GIVEN" ] || { echo "there is no value for it from $ORIGIN yet"; exit 1; }
value=$(cat "$GIVEN")
{
    echo "; From $ORIGIN. Only root and, in its environment, the site's code have it."
    printf 'env[%s] = "%s"\n' "$VARIABLE" "$value"
} > "$FILE.new"
sync -d "$FILE.new" 2>/dev/null || :
mv "$FILE.new" "$FILE"
chown root:root "$FILE"; chmod 600 "$FILE"
