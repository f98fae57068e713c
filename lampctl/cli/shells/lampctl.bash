# bash completion for lampctl: lampctl completion bash > ~/.local/share/bash-completion/completions/lampctl
_lampctl() {
    local line=${COMP_LINE:0:COMP_POINT} reply
    local typed=${line##*[[:space:]]}
    local before=${typed%"$2"} # bash replaces only what follows the last = : or @ of the word
    COMPREPLY=()
    while IFS= read -r reply; do
        reply=${reply%%$'\t'*}
        COMPREPLY+=("${reply#"$before"}")
    done < <(_LAMPCTL_COMPLETE=$line "$1" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *[=/] ]] || compopt -o nospace
}
complete -o default -F _lampctl lampctl
