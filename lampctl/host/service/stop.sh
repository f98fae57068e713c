# Stops and disables the unit $1, if it exists; that it failed once is forgotten with it. $2: the service of a socket, which no
# longer stops with it if its unit files are gone.
stop_unit() {
    [ -z "$2" ] || systemctl stop "$2" 2>/dev/null || :
    systemctl disable --now --quiet "$1" 2>/dev/null || systemctl stop "$1" 2>/dev/null || :
    systemctl reset-failed "$1" 2>/dev/null || :
}
