# Switches maintenance of SITE on: `new` has the files for its directory, in which @PASS@ stands for the secret of lampctl's proof.
# The page is given.html, if there is one; else maintenance.html in the document root ROOT, which is read as the site's user
# ACCOUNT; else page.html in `new`. LARGEST: bytes of a page. Prints, beside the rows of begin.sh, `page`: where the page is from.
# shellcheck disable=SC2119,SC2120,SC2154 # begin.sh assigns them; the functions have their own arguments

# Prints the page in the document root, if there is one.
own_page() {
    # shellcheck disable=SC2016 # the user's shell expands them
    [ -z "$ROOT" ] || as "$ACCOUNT" 'cd "$1" && [ -f maintenance.html ] && [ ! -L maintenance.html ] && head -c "$2" maintenance.html' \
        - "$ROOT" "$((LARGEST + 1))" 2>/dev/null </dev/null
}
page=built-in
if [ -e given.html ]; then
    page=given
    mv given.html new/page.html
elif own_page > own.html && [ -s own.html ]; then
    if [ "$(stat -c %s own.html)" -le "$LARGEST" ] && iconv -f UTF-8 -t UTF-8 own.html > read.html 2>/dev/null; then
        page=own
        mv own.html new/page.html
    else
        page=unfit
    fi
fi
printf 'page\t%s\n' "$page"

# The secret passes through files only; one that is there stays.
if [ -s "$place/pass" ]; then sed -n 's/^[^:]*: \([0-9a-f]*\).*/\1/p' "$place/pass" > secret
else od -An -tx1 -N16 /dev/urandom | tr -d ' \n' > secret; fi
sed 's|.*|s/@PASS@/&/|' secret > fill.sed
for file in apache.conf nginx.conf nginx-maps.conf pass; do sed -i -f fill.sed "new/$file"; done
chmod 600 new/*
chmod 644 new/page.html
touch new/* # the batch has no times

was=off
if [ -d "$place" ]; then was=on && cp -a "$place" former; fi
same() { for file in new/*; do cmp -s "$file" "$place/${file##*/}" || return 1; done; }
# Puts the files of $1 in their place, each by a rename.
put() {
    for file in "$1"/*; do
        cp -p "$file" "$place/.new"
        sync -d "$place/.new"
        mv -f "$place/.new" "$place/${file##*/}"
    done
    sync -f "$place"
}
back() {
    if [ "$was" = on ]; then put former; else rm -rf "$place"; fi
    load > /dev/null 2>&1 || :
}
# As a visitor and as the proof; a site that is broken may answer the proof in any way, but not with the page.
proved() {
    become closed || { echo "visitors still get ${seen:-no answer}, not the page" > printed; return 1; }
    eval "set -- $NAMES"
    for scheme in $SCHEMES; do through=$(answer '' "$1" "$scheme"); done
    case $through in *closed) echo "lampctl's own proof gets the page" > printed; return 1 ;; esac
    printf 'status\t%s\n' "$through"
}

if same && proved; then exit; fi
begin
install -d -m 711 "$places"
if [ "$was" = on ]; then put new; else
    # Made beside its place: a power failure leaves all of it or nothing.
    install -d -m 711 "$places/.$SITE.new"
    cp -p new/* "$places/.$SITE.new"
    sync -f "$places"
    mv -T "$places/.$SITE.new" "$place"
fi
load || { mv printed why; back; mv why printed; give_up "the web server does not take it"; }
proved || { mv printed why; back; mv why printed; give_up "its proof failed"; }
ended proved
