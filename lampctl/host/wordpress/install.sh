# Runs UNIT, which installs WordPress. Stopped at its end: what the site's code may have left running ends with it.
systemctl reset-failed "$UNIT" 2>/dev/null || :
systemctl restart "$UNIT" || {
    journalctl -q -u "$UNIT" -n 12 --no-pager -o cat
    systemctl reset-failed "$UNIT"
    exit 1
}
systemctl stop "$UNIT"
