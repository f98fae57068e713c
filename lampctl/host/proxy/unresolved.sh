# Prints those of NAMES (quoted words) that the host cannot resolve.
eval "set -- $NAMES"
for name; do
    timeout 5 getent ahosts "$name" >/dev/null || echo "$name" &
done
wait
