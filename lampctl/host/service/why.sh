# Ends the script with why the unit $1 does not run: its state, and its last log lines, with those of what composes its environment.
why() {
    echo "lampctl-reason: service"
    systemctl status --no-pager -n 0 "$1" | sed -n 's/^ *Active:/Active:/p'
    composes=$(systemctl show --value -p Requires "$1" | tr ' ' '\n' | sed -n '/^lampctl-environment-/p')
    journalctl -q -u "$1" -u "${composes:-$1}" -n 40 --no-pager -o cat | gist 12 || :
    exit 1
}
