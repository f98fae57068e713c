# Succeeds if WordPress is installed. Each call has its own instance of UNIT, because two might run at once. The unit's status
# is 3 if WordPress is not installed.
instance=$UNIT@$$.service
if timeout 15 systemctl restart "$instance"; then status=$(systemctl show --value -p ExecMainStatus "$instance"); else status=failed; fi
systemctl stop "$instance"; systemctl reset-failed "$instance"
[ "$status" = 0 ]
