<?php

return [
    'default' => env('DB_CONNECTION'),
    'connections' => ['mysql' => [
        'driver' => 'mysql',
        'host' => env('DB_HOST'),
        'port' => env('DB_PORT'),
        'unix_socket' => env('DB_SOCKET', ''),
        'database' => env('DB_DATABASE'),
        'username' => env('DB_USERNAME'),
        'password' => env('DB_PASSWORD'),
        'charset' => 'utf8mb4',
        'collation' => 'utf8mb4_unicode_ci',
        'prefix' => '',
    ]],
    'migrations' => 'migrations',
];
