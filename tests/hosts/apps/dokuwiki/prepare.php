<?php
// Before a release is served: the first one gets an administrator.
$users = __DIR__ . '/conf/users.auth.php';
if (!preg_match('/^admin:/m', file_get_contents($users))) {
    $hash = password_hash(getenv('WIKI_PASSWORD'), PASSWORD_BCRYPT);
    file_put_contents($users, "admin:$hash:Admin:admin@example.com:admin,user\n", FILE_APPEND);
}
