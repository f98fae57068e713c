<?php
// In place of Debian's, which looks for the settings in /etc: they are in conf.
