#compdef lampctl
# zsh completion for lampctl: lampctl completion zsh > a folder of $fpath, as _lampctl
_lampctl() {
    local line word
    local -a whole open
    for line in "${(@f)$(_LAMPCTL_COMPLETE="${(j: :)words[1,CURRENT-1]} ${words[CURRENT]}" "$words[1]" 2>/dev/null)}"; do
        [[ -n $line ]] || continue
        word=${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}
        case ${line%%$'\t'*} in
            *[=/]) open+=("$word") ;;
            *) whole+=("$word") ;;
        esac
    done
    (( $#whole + $#open )) || { _files; return; }
    (( ! $#whole )) || _describe lampctl whole
    (( ! $#open )) || _describe lampctl open -S ''
}
if [[ $funcstack[1] == _lampctl ]]; then _lampctl "$@"; else compdef _lampctl lampctl; fi
