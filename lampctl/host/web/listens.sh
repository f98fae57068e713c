# Succeeds if a program listens on port 80. A reload of Apache returns before it has the port, or has ended because it cannot.
listens 0050 || { echo 'nothing listens on port 80'; exit 1; }
