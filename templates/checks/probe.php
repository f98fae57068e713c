<?php
// A probe of lampctl: exists while the checks run. Should it be left behind, it answers nobody after a minute.
if (time() - filemtime(__FILE__) > 60) {
    http_response_code(404);
    exit;
}
header('Content-Type: application/json');
$answer = ['probe' => 'lampctl', 'version' => PHP_VERSION, 'sapi' => PHP_SAPI, 'extensions' => get_loaded_extensions()];
if (getenv('DB_NAME')) {
    try {
        mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
        $db = mysqli_init();
        $db->options(MYSQLI_OPT_CONNECT_TIMEOUT, 3); // a server that is frozen accepts connections
        if (defined('MYSQLI_OPT_READ_TIMEOUT')) { // PHP 7.2
            $db->options(MYSQLI_OPT_READ_TIMEOUT, 3);
        }
        if ($authority = getenv('DB_TLS_CA')) { // it is on another host: by TLS, and by none but that host
            $db->ssl_set(null, null, $authority, null, null);
        }
        $db->real_connect(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'));
        $answer['database'] = $db->query('SELECT DATABASE()')->fetch_row()[0];
    } catch (Throwable $error) {
        $answer['database_error'] = $error->getMessage();
    }
}
echo json_encode($answer);
