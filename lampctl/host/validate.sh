# Runs the servers' own configuration tests on the new files, in a copy of /etc that is mounted for this step only.
mkdir -p new/etc
tar -C new -xpf generation.tar
[ -d validators ] || [ -s rehearsed ] || exit 0
if ! unshare --mount true 2>/dev/null; then
    echo "this host has no mount namespaces: the servers test the files when they load them"
    exit 0
fi
mkdir -m 755 stage
cp -a /etc stage/etc
cp -a --remove-destination new/etc/. stage/etc/
sed -n 's|^[a-z]*:/etc/|stage/etc/|p' deleted | xargs -r -d '\n' rm -f
cat > inside.sh <<'INSIDE'
mount --bind stage/etc /etc
for validator in validators/*; do
    if ! sh "$validator" > printed 2> verdict; then
        echo "lampctl-reason: invalid ${validator#validators/}"
        if [ -s verdict ]; then tail -n 12 verdict; else tail -n 12 printed; fi
        exit 1
    fi
done
INSIDE
[ ! -d validators ] || unshare --mount sh -eu inside.sh
[ -s rehearsed ] || rm -rf stage
