# fish completion for lampctl: lampctl completion fish > ~/.config/fish/completions/lampctl.fish
function __lampctl
    set -l found (_LAMPCTL_COMPLETE=(commandline -cp | string collect) lampctl 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete --command lampctl --no-files --arguments '(__lampctl)'
