# users.auth.php
# <?php exit()?>
