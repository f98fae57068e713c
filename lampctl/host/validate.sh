# The new files, laid into a copy of /etc that is /etc for this step alone, have to pass the servers' own tests.
mkdir new
tar -C new -xpf generation.tar
[ -d new/etc ] && [ -d validators ] || exit 0
if ! unshare --mount true 2>/dev/null; then
    echo "this host has no mount namespaces: the servers test the files when they load them"
    exit 0
fi
mkdir -m 755 stage
cp -a /etc stage/etc
cp -a --remove-destination new/etc/. stage/etc/
cat > inside.sh <<'INSIDE'
mount --bind stage/etc /etc
for validator in validators/*; do
    if ! sh "$validator" > verdict 2>&1; then
        echo "lampctl-reason: invalid ${validator#validators/}"
        grep -iE 'error|unknown|syntax|failed|invalid|line [0-9]' verdict | tail -n 6 || tail -n 6 verdict
        exit 1
    fi
done
INSIDE
unshare --mount sh -eu inside.sh
rm -rf stage
