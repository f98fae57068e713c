<?php
// A FastCGI client: asks the pool at the socket $argv[1] to run the script $argv[2], and prints what comes back.
// Runs on every PHP that a site may name. https://fastcgi-archives.github.io/FastCGI_Specification.html

const BEGIN = 1, END = 3, PARAMS = 4, STDIN_STREAM = 5, OUT = 6, ERR = 7;

function record($type, $content)
{
    return pack('CCnnCC', 1, $type, 1, strlen($content), 0, 0) . $content;
}

function pair($name, $value)
{
    $size = function ($s) {
        return strlen($s) < 128 ? chr(strlen($s)) : pack('N', strlen($s) | 0x80000000);
    };
    return $size($name) . $size($value) . $name . $value;
}

list(, $socket, $script) = $argv;
$stream = @stream_socket_client("unix://$socket", $code, $message, 5);
if (!$stream) {
    exit("$socket: $message (errno $code)\n");
}
stream_set_timeout($stream, 5);
$params = ['SCRIPT_FILENAME' => $script, 'SCRIPT_NAME' => '/' . basename($script), 'REQUEST_METHOD' => 'GET',
    'SERVER_PROTOCOL' => 'HTTP/1.1', 'GATEWAY_INTERFACE' => 'CGI/1.1', 'QUERY_STRING' => ''];
$encoded = implode('', array_map('pair', array_keys($params), $params));
fwrite($stream, record(BEGIN, pack('nCx5', 1, 0)) . record(PARAMS, $encoded) . record(PARAMS, '') . record(STDIN_STREAM, ''));
while (($head = stream_get_contents($stream, 8)) !== false && strlen($head) === 8) {
    extract(unpack('Cversion/Ctype/nid/nlength/Cpadding', $head)); // $type, $length, $padding
    $content = $length ? stream_get_contents($stream, $length) : '';
    $padding && stream_get_contents($stream, $padding);
    if ($type === OUT || $type === ERR) {
        echo $content, $type === ERR ? "\n" : '';
    }
    if ($type === END) {
        exit;
    }
}
exit("\n$socket: the pool closed the connection or did not answer within 5 s\n");
