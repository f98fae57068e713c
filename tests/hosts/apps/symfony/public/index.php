<?php

require __DIR__ . '/../vendor/autoload.php';
$kernel = new App\Kernel(getenv('APP_ENV'), (bool) getenv('APP_DEBUG'));
$response = $kernel->handle($request = Symfony\Component\HttpFoundation\Request::createFromGlobals())->send();
$kernel->terminate($request, $response);
