# Succeeds if a program listens on port 80. A reload of Apache returns before it has the port, or has ended because it cannot.
listening tcp tcp6 | grep -qE ':0050 [0-9A-F:]+ 0A ' || { echo 'nothing listens on port 80'; exit 1; }
