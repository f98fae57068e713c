# Prints what each of the scripts PARTS in the batch prints, below a line with its name.
eval "set -- $PARTS"
for part; do
    printf '%s %s\n' "$BOUNDARY" "$part"
    sh "./$part"
    echo
done
printf '%s end\n' "$BOUNDARY"
