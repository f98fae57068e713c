# Runs UNIT, which installs WordPress, and stops it: that ends any process that the site's code left running.
systemctl reset-failed "$UNIT" 2>/dev/null || :
systemctl restart "$UNIT" || {
    journalctl -q -u "$UNIT" -n 12 --no-pager -o cat
    systemctl reset-failed "$UNIT"
    exit 1
}
systemctl stop "$UNIT"
