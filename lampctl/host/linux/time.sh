# Prints what keeps the host's clock right: `container` (its machine does), the active time services, and `synchronized`.
if systemd-detect-virt -c -q; then
    echo container
else
    for unit in systemd-timesyncd chrony ntpsec ntp openntpd; do
        if systemctl is-active -q "$unit"; then echo "$unit"; fi
    done
    if [ -e /run/systemd/timesync/synchronized ]; then echo synchronized; fi
fi
