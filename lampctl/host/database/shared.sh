# Prints what others have in the database server, unless the file DROP_IN shows that its settings are lampctl's: rows `database
# NAME`, `account NAME HOST`, `client NAME HOST` (connected from another host) and `setting NAME VALUE`, between tabs.
# The databases are folders in DATA: a server that refuses root, or does not run, has them as well. CLIENT: shell command.
[ ! -e "$DROP_IN" ] && [ -d "$DATA" ] || exit 0
{
    find "$DATA" -mindepth 1 -maxdepth 1 -type d ! -name mysql ! -name sys ! -name '*_schema' ! -name '[#.]*' \
        -printf 'database\t%f\n' 2>/dev/null
    [ ! -S "$SOCKET" ] || eval "timeout -k 1 3 $CLIENT --force" 2>/dev/null <<'SQL'
SELECT 'setting', 'bind_address', CASE WHEN @@skip_networking THEN '127.0.0.1' ELSE COALESCE(@@bind_address, '*') END;
SELECT 'setting', 'max_connections', @@max_connections;
SELECT 'setting', 'buffer_pool', @@innodb_buffer_pool_size;
SELECT 'account', User, Host FROM mysql.user WHERE User NOT IN ('root', 'mysql', 'mariadb.sys', 'mysql.sys', 'mysql.session',
    'mysql.infoschema', 'debian-sys-maint', 'PUBLIC', '');
SHOW PROCESSLIST;
SQL
} | awk -F '\t' '
    BEGIN { while (("cat /var/lib/lampctl/owned/* 2>/dev/null" | getline key) > 0) owned[key] }
    $1 == "database" && !("database:" $2 in owned)
    $1 == "account" && !("database-user:" $2 "@" $3 in owned)
    $1 == "setting"
    $1 ~ /^[0-9]+$/ && $3 ~ /:[0-9]+$/ && $3 !~ /^(localhost|127\.0\.0\.1|::1):/ {
        sub(/:[0-9]+$/, "", $3)
        print "client\t" $2 "\t" $3
    }' | sort -u
