# Prints the errors of CLIENT's statements SQL, which read each of WordPress's tables.
{ printf '%s\n' "$SQL" | sh -c "$CLIENT --force" >/dev/null; } 2>&1
:
