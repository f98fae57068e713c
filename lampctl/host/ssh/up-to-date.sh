# Succeeds if the SSH server has read FILE since it was changed, or does not run.
systemctl is-active --quiet ssh.service || exit 0
since=$(systemctl show --timestamp=us+utc -P StateChangeTimestamp ssh.service)
[ -e "$FILE" ] && [ -z "$(find "$FILE" -newerct "$since")" ]
