# Answers every question in q/ side by side. Answers come back in order, each after a line with its number.
mkdir out
for question in q/*; do
    ( . "./$question" ) > "out/${question#q/}" 2>/dev/null </dev/null &
done
wait
for question in q/*; do
    printf '%s %s\n' "$BOUNDARY" "${question#q/}"
    cat "out/${question#q/}"
    echo
done
printf '%s end\n' "$BOUNDARY"
