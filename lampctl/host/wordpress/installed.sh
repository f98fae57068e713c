# Succeeds if WordPress is installed, by an instance of UNIT for each look, as two may be under way. The unit's status is 3 where
# it is not.
instance=$UNIT@$$.service
if timeout 15 systemctl restart "$instance"; then status=$(systemctl show --value -p ExecMainStatus "$instance"); else status=failed; fi
systemctl stop "$instance"; systemctl reset-failed "$instance"
[ "$status" = 0 ]
