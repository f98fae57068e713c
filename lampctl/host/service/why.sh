# Ends the script with why the unit $1 does not run: its state, and its last log lines.
why() {
    echo "lampctl-reason: service"
    systemctl status --no-pager -n 0 "$1" | sed -n 's/^ *Active:/Active:/p'
    journalctl -q -u "$1" -n 12 --no-pager -o cat || :
    exit 1
}
