<?php
// The way to a database on another host, hop by hop: HOST PORT USER DATABASE, and the file with the authority. The
// password's file is descriptor 3.
list(, $host, $port, $user, $database, $authority) = $argv;
$found = ['reach' => '', 'tls' => '', 'login' => '', 'cipher' => '', 'user' => '', 'version' => '', 'ms' => '0',
    'shown' => '', 'whose' => ''];
$began = microtime(true);
$stream = @stream_socket_client("tcp://$host:$port", $code, $message, 5);
$found['ms'] = (string) round(1000 * (microtime(true) - $began), 1);
if (!$stream) {
    $found['reach'] = "$message (errno $code)";
    exit(json_encode($found));
}
// Its greeting says whether it offers TLS; without, PHP would say no more than that the server has gone away.
stream_set_timeout($stream, 5);
$greeting = (string) fread($stream, 4096);
$version = strpos($greeting, "\0", 5);
if (($greeting[4] ?? '') === "\x0a" && !(unpack('v', substr($greeting, $version + 14, 2))[1] & 0x800)) {
    $found['tls'] = 'it offers no TLS';
    exit(json_encode($found));
}
$said = [];
set_error_handler(function ($_, $message) use (&$said) {
    return (bool) $said[] = $message;
});
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
try {
    preg_match('/^env\[DB_PASSWORD\] = "(.*)"$/m', (string) @file_get_contents('php://fd/3'), $password);
    $db = mysqli_init();
    $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 5);
    $db->ssl_set(null, null, $authority, null, null);
    $db->real_connect($host, $user, $password[1] ?? '', $database, (int) $port);
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
    if (!in_array($error->getCode(), [2002, 2026], true)) {
        $found['login'] = $error->getCode() . ' ' . $error->getMessage();
    } else {
        $found['tls'] = implode("\n", [...$said, $error->getMessage()]);
        [$found['whose'], $found['shown']] = shown($stream, (string) @file_get_contents($authority));
    }
}
echo json_encode($found);

// Whose certificate the server has: TLS is begun once more, as its protocol has it, and nothing verified.
function shown($stream, string $authority): array
{
    fwrite($stream, "\x20\0\0\1" . pack('VVCx23', 0x8a00, 1 << 24, 45));
    stream_context_set_option($stream, ['ssl' => [
        'verify_peer' => false, 'verify_peer_name' => false, 'capture_peer_cert' => true,
    ]]);
    stream_socket_enable_crypto($stream, true, STREAM_CRYPTO_METHOD_TLS_CLIENT);
    $shown = stream_context_get_params($stream)['options']['ssl']['peer_certificate'] ?? null;
    if (!$shown) {
        return ['', ''];
    }
    $of = openssl_x509_parse($shown);
    $what = 'shown: ' . implode(', ', [
        "CN=" . ($of['subject']['CN'] ?? ''), 'by CN=' . ($of['issuer']['CN'] ?? ''),
        'for ' . ($of['extensions']['subjectAltName'] ?? 'no name'), 'until ' . gmdate('Y-m-d', $of['validTo_time_t']),
        'SHA-256 ' . openssl_x509_fingerprint($shown, 'sha256'),
    ]);
    $known = @openssl_x509_read($authority);
    return [!$known ? 'unknown' : (openssl_x509_verify($shown, $known) === 1 ? 'ours' : 'other'), $what];
}
