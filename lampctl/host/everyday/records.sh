# Prints the record of each site in one line, the days that its certificate is still valid, and whether it is in maintenance. The
# directory belongs to root.
for record in /etc/lampctl/sites/*.json; do
    [ -f "$record" ] || continue
    name=${record##*/} name=${name%.json}
    printf 'record\t%s\t%s\n' "$name" "$(head -c 65536 "$record" | tr '\n' ' ')"
    [ ! -d "/etc/lampctl-maintenance/$name" ] || printf 'maintenance\t%s\n' "$name"
    certificate=$(sed -n 's/^  "certificate": "\(.*\)",$/\1/p' "$record")
    if [ -n "$certificate" ] && ends=$(openssl x509 -noout -enddate -in "$certificate" 2>/dev/null); then
        printf 'days\t%s\t%s\n' "$name" "$((($(date -d "${ends#*=}" +%s) - $(date +%s)) / 86400))"
    fi
done
