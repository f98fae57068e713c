# Prints what the host sees of the archive that apt asks first, or of apt's proxy: `archive HOST PORT`; then `unresolved` with the
# nameservers, or `unreached`. Bounded: the name has three times two seconds (answers get lost), the connection two. Nothing if all packages are local.
url=$(apt-config dump --format '%v%n' Acquire::http::Proxy | grep -m 1 '^http')
[ -n "$url" ] || url=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -n 's/#.*//; s|.*\(https\{0,1\}://[^ /]*\).*|\1|p' | head -n 1)
[ -n "$url" ] || exit 0
scheme=${url%%://*} rest=${url#*://}
rest=${rest#*@}
rest=${rest%%/*}
name=${rest%%:*}
case $rest in *:*) port=${rest#*:} ;; *) if [ "$scheme" = https ]; then port=443; else port=80; fi ;; esac
printf 'archive\t%s %s\n' "$name" "$port"
resolves() { RES_OPTIONS='timeout:1 attempts:2' timeout 2 getent ahosts "$name" > /dev/null; }
# shellcheck disable=SC2016 # bash expands them
if ! resolves && ! resolves && ! resolves; then
    printf 'unresolved\t%s\n' "$(sed -n 's/^nameserver  *//p' /etc/resolv.conf | tr '\n' ' ')"
elif ! timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$name" "$port"; then
    printf 'unreached\t\n'
fi
