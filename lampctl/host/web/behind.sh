# Succeeds if a server behind FRONT is ready: it answers on PORT, and port 80 is free, unless FRONT runs already. NGINX retries
# its port only twice a second; so it is started after Apache's old processes have released it.
bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"' bash "$PORT" || exit 1
systemctl is-active --quiet "$FRONT" || ! listens 0050 || {
    echo 'port 80 is still taken'
    exit 1
}
