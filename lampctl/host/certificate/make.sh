# Creates a certificate and its key in DIRECTORY, for NAMES (in the syntax of subjectAltName): self-signed, or with
# AUTHORITY_DAYS signed by its own authority. Both get temporary names first: a run that dies leaves the previous pair, or a
# certificate and a key that do not match, which the next run detects.
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
    # The authority is kept, unless it expires within a year or its key is missing.
    by=$DIRECTORY/authority
    if ! [ -s "$by.key" ] || ! openssl x509 -in "$by.pem" -noout -checkend 31536000 >/dev/null 2>&1; then
        new -subj "/CN=lampctl on $COMMON" -days "$AUTHORITY_DAYS" -keyout "$by.key.new" -out "$by.pem.new" \
            -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
        mv "$by.key.new" "$by.key"
        mv "$by.pem.new" "$by.pem"
    fi
    new "$@" -CA "$by.pem" -CAkey "$by.key"
    # It is part of the chain: MariaDB's client accepts an unknown root if the account's password proves it, but not an
    # incomplete chain.
    cat "$by.pem" >> "$DIRECTORY/certificate.new"
fi
mv "$DIRECTORY/key.new" "$DIRECTORY/key.pem"
mv "$DIRECTORY/certificate.new" "$DIRECTORY/certificate.pem"
