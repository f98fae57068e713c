<?php
// What is not to be changed on the site's own pages; those write local.php.
$conf['savedir'] = './data';
$conf['title'] = 'Atlas';
$conf['useacl'] = 1;
$conf['superuser'] = '@admin';
$conf['disableactions'] = 'register';
$conf['userewrite'] = '2';
