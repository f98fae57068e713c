# Prints the number of tables in the databases FORMER and NAME, and of what RENAME TABLE can't move from FORMER: views, triggers,
# routines and events; nothing if the server does not answer. CLIENT: shell command.
[ ! -S "$SOCKET" ] || eval "timeout -k 1 3 $CLIENT" 2>/dev/null <<SQL || :
SELECT 'tables', COUNT(*) FROM information_schema.tables WHERE table_schema = '$FORMER' AND table_type = 'BASE TABLE';
SELECT 'taken', COUNT(*) FROM information_schema.tables WHERE table_schema = '$NAME';
SELECT 'fixed', (SELECT COUNT(*) FROM information_schema.views WHERE table_schema = '$FORMER')
    + (SELECT COUNT(*) FROM information_schema.triggers WHERE trigger_schema = '$FORMER')
    + (SELECT COUNT(*) FROM information_schema.routines WHERE routine_schema = '$FORMER')
    + (SELECT COUNT(*) FROM information_schema.events WHERE event_schema = '$FORMER');
SQL
