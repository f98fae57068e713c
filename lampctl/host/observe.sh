# Answers every question in q/ side by side. Answers come back in order, each after a line with its number.
mkdir out
for question in q/*; do
    # shellcheck disable=SC1090 # what is asked is not known here
    { printf '\n%s %s\n' "$BOUNDARY" "${question#q/}"; . "./$question"; } > "out/${question#q/}" 2>/dev/null </dev/null &
done
wait
printf '\n%s end\n' "$BOUNDARY" | cat out/* -
