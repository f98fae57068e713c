# Moves all tables of the database FORMER to NAME in one statement, which the server does completely or not at all. CLIENT: shell
# command.
eval "$CLIENT --raw" > moves <<SQL
SET SESSION group_concat_max_len = 16000000;
SELECT CONCAT('RENAME TABLE ', GROUP_CONCAT(CONCAT('\`$FORMER\`.\`', REPLACE(table_name, '\`', '\`\`'), '\` TO \`$NAME\`.\`',
    REPLACE(table_name, '\`', '\`\`'), '\`') SEPARATOR ', '), ';')
    FROM information_schema.tables WHERE table_schema = '$FORMER' AND table_type = 'BASE TABLE' HAVING COUNT(*) > 0;
SQL
[ ! -s moves ] || eval "$CLIENT" < moves
