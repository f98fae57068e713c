<?php

// Debian's php-laravel-framework, as packages of Composer's are not at hand.
require_once '/usr/share/php/Illuminate/autoload.php';
