<?php
// The way to a database on another host, hop by hop: HOST PORT USER DATABASE, and the file with the password.
list(, $host, $port, $user, $database, $secret) = $argv;
$found = ['reach' => '', 'tls' => '', 'login' => '', 'cipher' => '', 'user' => '', 'version' => '', 'ms' => '0'];
$began = microtime(true);
$stream = @stream_socket_client("tcp://$host:$port", $code, $message, 5);
$found['ms'] = (string) round(1000 * (microtime(true) - $began), 1);
if (!$stream) {
    $found['reach'] = "$message (errno $code)";
    exit(json_encode($found));
}
// Its greeting says whether it offers TLS; without, PHP would go on in clear, and be refused by the account.
stream_set_timeout($stream, 5);
$greeting = (string) fread($stream, 4096);
fclose($stream);
$version = strpos($greeting, "\0", 5);
if (($greeting[4] ?? '') === "\x0a" && !(unpack('v', substr($greeting, $version + 14, 2))[1] & 0x800)) {
    $found['tls'] = 'it offers no TLS';
    exit(json_encode($found));
}
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
try {
    preg_match('/^env\[DB_PASSWORD\] = "(.*)"$/m', (string) @file_get_contents($secret), $password);
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
    $flags = MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT;
    @$db->real_connect($host, $user, $password[1] ?? '', $database, (int) $port, null, $flags);
    $found['cipher'] = $db->query("SHOW STATUS LIKE 'Ssl_version'")->fetch_row()[1] . ' '
        . $db->query("SHOW STATUS LIKE 'Ssl_cipher'")->fetch_row()[1];
    $table = 'lampctl_probe_' . bin2hex(random_bytes(6));
    $word = bin2hex(random_bytes(8));
    $db->query("CREATE TABLE $table (word VARCHAR(32) CHARACTER SET utf8mb4)");
    try {
        $db->query("INSERT INTO $table VALUES ('$word')");
        list($read, $found['version'], $found['user']) =
            $db->query("SELECT word, VERSION(), CURRENT_USER() FROM $table")->fetch_row();
    } finally {
        $db->query("DROP TABLE $table");
    }
    if ($read !== $word) {
        $found['login'] = "0 read back $read instead of what was written";
    }
} catch (mysqli_sql_exception $error) {
    // 2002 and 2026 are the client's own: the server took the connection, and no TLS came about.
    $hop = in_array($error->getCode(), [2002, 2026], true) ? 'tls' : 'login';
    $found[$hop] = ($hop === 'login' ? $error->getCode() . ' ' : '') . $error->getMessage();
}
echo json_encode($found);
