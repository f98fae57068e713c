# Starts or restarts UNITS, all at the same time: each may take minutes to finish its work. STARTED: those that a rollback stops
# and removes; so it does with UNITS whose file it removed. Lists are quoted words.
systemctl daemon-reload
remove() {
    stop_unit "$1" ""
    rm -f /etc/systemd/system/*.wants/"$1"
    echo "service:$1" > gone
    sh ./disown.sh gone
}
eval "set -- $STARTED"
[ "$#" -eq 0 ] || systemctl stop "$@" 2>/dev/null || :
for unit; do
    remove "$unit"
done
eval "set -- $UNITS"
for unit; do
    shift
    if [ -z "$(systemctl show --value -p FragmentPath "$unit")" ]; then remove "$unit"; continue; fi
    case $(systemctl show -p FreezerState --value "$unit") in frozen*) systemctl thaw "$unit" ;; esac # it can't be stopped
    set -- "$@" "$unit"
done
[ "$#" -gt 0 ] || exit 0
systemctl reset-failed "$@" 2>/dev/null || :
systemctl restart "$@" || :
for unit; do
    systemctl is-enabled --quiet "$unit" || systemctl enable --quiet "$unit"
    case $(systemctl is-active "$unit") in
    active | activating) ;; # one that ends soon after each start is named by its check
    *)
        echo "$unit:"
        why "$unit"
        ;;
    esac
done
