# Ready, behind another server: PORT answers, and the former port 80 is free for FRONT, unless that runs already. NGINX tries to
# get its port each half second only; so it is started when Apache's former processes have let go of it.
bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1"' bash "$PORT" || exit 1
systemctl is-active --quiet "$FRONT" || ! grep -qE ':0050 [0-9A-F:]+ 0A ' /proc/net/tcp /proc/net/tcp6 || {
    echo 'port 80 is still taken'
    exit 1
}
