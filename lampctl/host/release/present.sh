# Prints what the releases in each of FOLDERS have: the folder's number, and the first 20 digits of the SHA-256 of each file. What is
# not read within LIMIT seconds is left out: it is uploaded.
. ./enter.sh
number=0
eval "set -- $FOLDERS"
for folder; do
    (enter "$folder" && have "$LIMIT") | LC_ALL=C tr '\n\0' '?\n' | cut -c 1-20 | sort -u | sed "s/^/$number\t/"
    number=$((number + 1))
done
