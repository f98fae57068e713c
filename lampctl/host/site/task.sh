# Commands of a site on the host: each runs as the user ACCOUNT of SITE, in the sandbox and with the environment of the site's code,
# by the new files if there are any. PHP: the program of its version, or empty. WITHOUT: variables that they do not get. It is in a unit of its own: nothing of it is left.
batch=$PWD unit=lampctl-task-$SITE-$$

# Tells the sender which unit runs what follows: a line with the boundary $1, on stdout with the unit as well.
announce() {
    printf '%s %s\n' "$1" "$unit"
    printf '%s\n' "$1" >&2
}

# The site's file $1, as it will be.
part() { if [ -e "$batch/new/etc/lampctl/$1/$SITE" ]; then echo "$batch/new/etc/lampctl/$1/$SITE"; else echo "/etc/lampctl/$1/$SITE"; fi; }

# A directory of the site's user in the site's home, which was entered: programs keep there what they download.
cache() {
    [ -d ./cache ] || { mkdir -m 700 ./cache && chown "$ACCOUNT:$ACCOUNT" ./cache; }
}

# Runs the shell command $2 in the directory $1, for $3 seconds at most; further arguments are settings of its unit. systemd
# would expand variables in the command before its shell does, and takes $$ for $. With streams=--pty it has a terminal. `mounts`:
# words for systemd-run.
task() {
    directory=$1 command=$(printf '%s\n' "$2" | sed 's/[$]/$$/g') limit=$3 given=/run/lampctl-environment/$unit
    shift 3
    if [ -e "$(part environment)" ]; then
        sh "$(part environment)" "$unit"
        [ -z "$WITHOUT" ] || sed -i -E "/^($WITHOUT)=/d" "$given"
    fi
    while IFS= read -r setting; do
        case $setting in [A-Z]*=*) set -- "$@" -p "$setting" ;; esac
    done < "$(part tasks)"
    path=/usr/local/bin:/usr/bin:/bin
    if [ -n "$PHP" ]; then
        mkdir -p "/run/lampctl-$PHP" && ln -sfn "$(command -v "$PHP")" "/run/lampctl-$PHP/php"
        path=/run/lampctl-$PHP:$path
    fi
    # shellcheck disable=SC2086 # words
    set -- -p "RuntimeMaxSec=$limit" "$@" ${mounts:-} -p "EnvironmentFile=-$given" -E "HOME=/var/www/$SITE/cache" -E "PATH=$path"
    code=0
    systemd-run --quiet --collect --wait "${streams:---pipe}" --service-type=exec --unit="$unit" --working-directory="$directory" "$@" \
        -- /bin/sh -euc "$command" 9>&- || code=$?
    rm -f "$given"
    return "$code"
}

# Runs each of the commands COMMANDS, quoted words, in the directory $1; $2: what they are, in words.
commands() {
    directory=$1 what=$2
    eval "set -- $COMMANDS"
    for line; do
        printf '$ %s\n' "$line"
        began=$(date +%s)
        # What it prints must not pass for a reason of lampctl's own.
        {
            # shellcheck disable=SC2153 # a parameter
            task "$directory" "$line" "$LIMIT" </dev/null && code=0 || code=$?
            echo "$code" > "$batch/code"
        } 2>&1 | sed -u 's/^lampctl-reason:/ &/'
        code=$(cat "$batch/code")
        [ "$code" = 0 ] || {
            echo "lampctl-reason: $what"
            [ $(($(date +%s) - began)) -lt "$LIMIT" ] || echo "it took longer than $LIMIT s"
            [ "$code" != 127 ] || echo "a program is missing on this host: linux: {packages: [NAME]} installs it"
            echo "$line: exit code $code"
            return 1
        }
    done
}
