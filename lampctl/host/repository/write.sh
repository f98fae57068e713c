# Writes the text $3 to the file $2 of the repository whose key is $1; and to sources-undo.sh how to revert it, for the step
# that reads the archives.
write_source() {
    kept=before-$(printf %s "$2" | tr / -)
    if [ -e "$2" ]; then
        cp -a "$2" "$kept"
        echo "mv '$kept' '$2'" >> sources-undo.sh
    else
        echo "rm -f '$2'; echo '$1' > gone; sh ./disown.sh gone" >> sources-undo.sh
    fi
    printf %s "$3" > "$2.new"
    mv "$2.new" "$2"
}
