# Prints, of the certificate that certbot has for the site $1, `server = URL`; and `unrenewable=REASON` if certbot would not renew
# it by a file in the webroot $2.
look_at_renewal() {
    conf=/etc/letsencrypt/renewal/$1.conf live=/etc/letsencrypt/live/$1
    [ -e "$live" ] || return 0
    grep '^server = ' "$conf" 2>/dev/null || :
    why=$(unrenewable "$2")
    [ -z "$why" ] || echo "unrenewable=$why"
}
setting() { sed -n "s/^ *$1 *= *//p" "$conf" | head -n 1; }
unrenewable() {
    if [ ! -e "$conf" ]; then echo "$conf does not exist"; return; fi
    for part in cert privkey chain fullchain; do
        if [ ! -L "$live/$part.pem" ]; then echo "$live/$part.pem is not a link into certbot's archive"; return; fi
    done
    if [ "$(setting autorenew)" = False ]; then echo "autorenew = False in $conf"; return; fi
    if [ "$(setting authenticator)" != webroot ]; then
        echo "authenticator = $(setting authenticator) in $conf, not webroot"
        return
    fi
    root=$(sed -n '/^webroot_path/p; /^ *\[\[webroot_map\]\]/,$p' "$conf" | sed -n 's/^[^=]*= *//p' | tr -d ', ' | grep -vxF "$1") || :
    if [ -n "$root" ]; then echo "the webroot $(printf '%s' "$root" | head -n 1) in $conf, not $1"; return; fi
    account=$(setting account)
    if [ -n "$account" ] && [ -z "$(find /etc/letsencrypt/accounts -type d -name "$account" 2>/dev/null)" ]; then
        echo "the account $account of $conf is gone from /etc/letsencrypt/accounts"
    fi
}
