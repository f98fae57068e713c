#!/bin/sh
# A CGI program: the request is in the environment and on stdin; headers, an empty line and the answer go to stdout.
printf 'Content-Type: text/plain\n\nHello from %s, run as %s, asked for "%s"\n' "$SERVER_NAME" "$(id -un)" "$QUERY_STRING"
