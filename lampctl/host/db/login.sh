# Clients of a site's database: as the site's user ACCOUNT, in the sandbox of the site's commands, with the database's own login
# LOGIN and the password in SECRET. The server is at SOCKET, or at ADDRESS with a certificate of the authority AUTHORITY. A client
# reads a dump with statements of its own (`system`) in it, and what a server sends, so root runs none.

# Finds the programs, and writes the option file with the login, which only this batch's root can read: systemd hands a copy of
# it to the client's unit. No password is an argument or in an environment. Fails with 3 without a client, with 4 without a password.
# shellcheck disable=SC2034 # used by the scripts that follow
login() {
    program=$(command -v mariadb || command -v mysql) || { echo "lampctl-reason: no-client" >&2; return 3; }
    dumper=$(command -v mariadb-dump || command -v mysqldump) || { echo "lampctl-reason: no-client" >&2; return 3; }
    value=$(sed -n 's/^env\[DB_PASSWORD\] = "\(.*\)"$/\1/p' "$SECRET" 2>/dev/null | sed 's/[\\"]/\\&/g')
    [ -n "$value" ] || { echo "lampctl-reason: no-password" >&2; return 4; }
    case $("$program" --version) in *MariaDB*) maker=mariadb ;; *) maker=mysql ;; esac
    if "$program" --help 2>/dev/null | grep -q '^  *--sandbox'; then sandboxed=--sandbox; else sandboxed=; fi
    (
        umask 077
        {
            printf '[client]\nuser="%s"\npassword="%s"\ndefault-character-set=utf8mb4\n' "$LOGIN" "$value"
            case $maker-$ADDRESS in
                mariadb-) printf 'protocol=socket\nsocket="%s"\nloose-skip-ssl\n' "$SOCKET" ;;
                mysql-) printf 'protocol=socket\nsocket="%s"\nssl-mode=DISABLED\n' "$SOCKET" ;;
                mariadb-*) printf 'protocol=tcp\nhost="%s"\nssl-ca="%s"\nssl-verify-server-cert\n' "$ADDRESS" "$AUTHORITY" ;;
                *) printf 'protocol=tcp\nhost="%s"\nssl-ca="%s"\nssl-mode=VERIFY_IDENTITY\n' "$ADDRESS" "$AUTHORITY" ;;
            esac
            printf '[mysql]\nlocal-infile=0\nmax-allowed-packet=1G\n[mysqldump]\nmax-allowed-packet=1G\n'
            [ "$maker" = mariadb ] || printf 'set-gtid-purged=OFF\ncolumn-statistics=0\n'
        } > login
    )
    (
        # shellcheck disable=SC2154 # enter.sh has it
        enter "/var/www/$SITE" || { echo "$why" >&2; exit 1; }
        cache
    )
}

# Runs the shell line $1, in which $login is the option that logs in; further arguments are settings of its unit. In its own home
# directory the site's code could have left files that direct a client elsewhere or type for you (.mylogin.cnf, .editrc).
client() {
    # shellcheck disable=SC2016 # the site's shell expands it
    line='export HOME=/; login=--defaults-file=$CREDENTIALS_DIRECTORY/login; '$1
    shift
    # shellcheck disable=SC2154 # site/task.sh has it
    task / "$line" infinity -p "LoadCredential=login:$batch/login" -E LANG=C.UTF-8 -E MYSQL_HISTFILE=/dev/null "$@"
}

# Prints the rows of the query on stdin, without names of columns.
# shellcheck disable=SC2120 # its argument is optional
query() { client "exec $program \"\$login\" --batch --skip-column-names ${1:-} '$DATABASE'"; }

# Prints a dump. Routines of another account can't be read with the site's rights, and would end it: then there are none in it.
dump() {
    routines=--routines
    hidden=$(query <<'SQL'
SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_definition IS NULL;
SQL
    ) || return
    [ "$hidden" = 0 ] || {
        routines=--skip-routines
        echo "the dump is without procedures and functions: $hidden of them belong to another account, which $LOGIN cannot read" >&2
    }
    client "exec $dumper \"\$login\" --single-transaction --quick --no-tablespaces --triggers --events $routines '$DATABASE'" </dev/null
}
