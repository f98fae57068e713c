# Stops and disables the unit $1, if it exists, and resets its failed state. $2: the service of a socket, which does not stop
# with it if its unit files are gone.
stop_unit() {
    [ -z "$2" ] || systemctl stop "$2" 2>/dev/null || :
    systemctl disable --now --quiet "$1" 2>/dev/null || systemctl stop "$1" 2>/dev/null || :
    systemctl reset-failed "$1" 2>/dev/null || :
}
