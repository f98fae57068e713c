# If a rollback removed the file of UNIT, the unit is stopped and removed as well.
systemctl daemon-reload
if [ -z "$(systemctl show --value -p FragmentPath "$UNIT")" ]; then
    rm -f /etc/systemd/system/*.wants/"$UNIT"
    stop_unit "$UNIT" "$SERVED"
    echo "service:$UNIT" > gone
    sh ./disown.sh gone
    exit 0
fi
