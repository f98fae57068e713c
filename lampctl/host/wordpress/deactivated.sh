# Restores what the file RECORD said before, in the directory of the previous files.
if [ -e "./${RECORD##*/}.activated" ]; then mv "./${RECORD##*/}.activated" "$RECORD"; fi
