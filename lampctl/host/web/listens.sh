# Succeeds if a program listens on port 80. A reload of Apache returns before it has the port, or has ended because it cannot.
grep -qE ':0050 [0-9A-F:]+ 0A ' /proc/net/tcp /proc/net/tcp6 || { echo 'nothing listens on port 80'; exit 1; }
