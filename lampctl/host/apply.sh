# Follows run.sh, which runs to its end even if this connection breaks: no generation is left half-applied. `keep` has the
# process that uses the batch's directory. A line on stdin asks the run to stop after its current step.
echo "$$" > keep
: > log
exec 8< log # it is read by descriptor: a short run may have removed the file before tail opens it
exec 7<&0
{ read -r _ <&7 && : > stop; } 2>/dev/null &
listener=$!
setsid sh ./run.sh > log 2>&1 </dev/null 8<&- 7<&- &
run=$!
tail -n +1 -s 0.05 -f --pid="$run" <&8
wait "$run"
kill "$listener" 2>/dev/null
