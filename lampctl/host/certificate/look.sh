# Prints what `read` in resources/pem.py parses of the certificate $1 and its key $2; with $3, also whether this authority has
# signed it.
look_at_pair() {
    if [ -e "$1" ]; then
        openssl x509 -in "$1" -noout -startdate -enddate -fingerprint -sha256 -ext subjectAltName -pubkey 2>/dev/null || echo unreadable
    else
        echo absent
    fi
    if [ -e "$2" ]; then
        stat -Lc 'rights=%U:%G %a' "$2"
        openssl pkey -in "$2" -pubout -passin pass: 2>/dev/null || echo keyless
    fi
    if [ -n "${3:-}" ]; then openssl verify -CAfile "$3" "$1" >/dev/null 2>&1 || echo unsigned; fi
}
