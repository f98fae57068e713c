# Switches maintenance of SITE off.
# shellcheck disable=SC2119,SC2120,SC2154 # begin.sh assigns them; the functions have their own arguments
back() {
    mv -T "$gone" "$place"
    load > /dev/null 2>&1 || :
}
opened() {
    become open || { echo "visitors still get the page" > printed; return 1; }
    eval "set -- $NAMES"
    for scheme in $SCHEMES; do seen=$(answer visitor "$1" "$scheme"); done
    printf 'status\t%s\n' "$seen"
}
if [ ! -d "$place" ]; then
    if opened; then exit; fi
    begin # it is off, and the web server has not loaded that
    load || give_up "the web server does not take it"
    opened || give_up "its proof failed"
else
    begin
    gone=$places/.$SITE.off
    mv -T "$place" "$gone"
    sync -f "$places"
    load || { mv printed why; back; mv why printed; give_up "the web server does not take it"; }
    opened || { mv printed why; back; mv why printed; give_up "its proof failed"; }
    rm -rf "$gone"
fi
ended proved
