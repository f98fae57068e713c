# Deletes the file MARKER if it was made with these changes, in the directory of the previous files.
if [ -e "./${MARKER##*/}.single" ]; then rm -f "$MARKER"; fi
