<?php

// Debian's packages of the framework, as those of Composer's are not at hand.
foreach (['Bundle/FrameworkBundle', 'Bundle/TwigBundle', 'Component/Console', 'Component/Messenger', 'Component/Yaml',
    'Component/HttpFoundation', 'Bridge/Doctrine/Messenger', 'Component/Messenger/Bridge/Doctrine'] as $part) {
    if (is_file($file = "/usr/share/php/Symfony/$part/autoload.php")) {
        require_once $file;
    }
}
require_once '/usr/share/php/Doctrine/DBAL/autoload.php';
require_once '/usr/share/php/Doctrine/Persistence/autoload.php';
