<?php
// Everything that differs between hosts comes from the environment.
$wgSitename = 'Atlas';
$wgServer = getenv( 'WIKI_URL' );
$wgScriptPath = '';
$wgArticlePath = '/wiki/$1';
$wgUsePathInfo = true;

$wgDBtype = 'mysql';
$wgDBserver = getenv( 'DB_HOST' ) . ':' . getenv( 'DB_SOCKET' );
$wgDBname = getenv( 'DB_NAME' );
$wgDBuser = getenv( 'DB_USER' );
$wgDBpassword = getenv( 'DB_PASSWORD' );

$wgSecretKey = getenv( 'WIKI_SECRET_KEY' );
$wgUpgradeKey = false;
$wgAuthenticationTokenVersion = '1';

$wgMainCacheType = CACHE_ACCEL;
$wgParserCacheType = CACHE_DB;
$wgSessionCacheType = CACHE_DB;
$wgCacheDirectory = "$IP/cache";
$wgLocalisationCacheConf['manualRecache'] = false;
$wgJobRunRate = 0;

$wgEnableUploads = true;
$wgFileExtensions = [ 'png', 'svg', 'jpg', 'pdf' ];
$wgUseImageMagick = false;

wfLoadSkin( 'Vector' );
wfLoadExtensions( [ 'ParserFunctions', 'Cite', 'WikiEditor' ] );
$wgDefaultSkin = 'vector-2022';
