<?php
$cfg['blowfish_secret'] = getenv('BLOWFISH_SECRET');
$cfg['Servers'][1] = [
    'auth_type' => 'cookie',
    'host' => getenv('DB_HOST'),
    'socket' => getenv('DB_SOCKET'),
    'only_db' => getenv('DB_NAME'),
];
$cfg['PmaNoRelation_DisableWarning'] = true;
