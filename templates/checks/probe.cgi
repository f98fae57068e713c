#!/bin/sh
# A probe of lampctl, which exists only while the checks run. If it is left behind, it stops answering after a minute.
if [ -n "$(find "$0" -mmin +1)" ]; then
    printf 'Status: 404 Not Found\r\n\r\n'
    exit
fi
printf 'Content-Type: text/plain\r\n\r\nlampctl-program user=%s query=%s\n' "$(id -un)" "$QUERY_STRING"
