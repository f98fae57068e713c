# Makes a certificate and its key in DIRECTORY, for NAMES (as subjectAltName has them): self-signed, or with AUTHORITY_DAYS
# by an authority of its own. Both are made under other names first: a run that dies leaves the former pair, or one that does
# not fit, which the next run sees.
umask 077
mkdir -p "$DIRECTORY"
chmod 700 /etc/lampctl /etc/lampctl/tls "$DIRECTORY"
new() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -sha256 -nodes "$@" 2> printed || { cat printed; exit 1; }
}
cat > request <<END
[req]
distinguished_name = subject
x509_extensions = extensions
prompt = no
[subject]
CN = $COMMON
[extensions]
subjectAltName = $NAMES
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
END
set -- -config request -days "$DAYS" -keyout "$DIRECTORY/key.new" -out "$DIRECTORY/certificate.new"
if [ -z "$AUTHORITY_DAYS" ]; then
    new "$@"
else
    # The authority stays. One that nears its end, or whose key is lost, signs nothing any more.
    by=$DIRECTORY/authority
    if ! [ -s "$by.key" ] || ! openssl x509 -in "$by.pem" -noout -checkend 31536000 >/dev/null 2>&1; then
        new -subj "/CN=lampctl on $COMMON" -days "$AUTHORITY_DAYS" -keyout "$by.key.new" -out "$by.pem.new" \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
        mv "$by.key.new" "$by.key"
        mv "$by.pem.new" "$by.pem"
    fi
    new "$@" -CA "$by.pem" -CAkey "$by.key"
    # It is part of the chain: MariaDB's client takes a root that it does not know on the word of the account, but no chain
    # that lacks its end.
    cat "$by.pem" >> "$DIRECTORY/certificate.new"
fi
mv "$DIRECTORY/key.new" "$DIRECTORY/key.pem"
mv "$DIRECTORY/certificate.new" "$DIRECTORY/certificate.pem"
