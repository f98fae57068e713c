# Succeeds if no table of the database FORMER, which lampctl made, has to move. CLIENT: shell command.
grep -qsxF "database:$FORMER" /var/lib/lampctl/owned/* && [ -S "$SOCKET" ] || exit 0
found=$(eval "timeout -k 1 3 $CLIENT" <<SQL
SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '$FORMER' AND table_type = 'BASE TABLE';
SQL
) && [ "$found" = 0 ]
