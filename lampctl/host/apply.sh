# Follows run.sh, which goes on to its end by itself should this connection break: a half-made generation is
# never left behind. `keep` hands the batch's directory over to it, and says which process uses it.
echo "$$" > keep
: > log
setsid sh ./run.sh > log 2>&1 </dev/null &
run=$!
tail -n +1 -s 0.05 -f --pid="$run" log
wait "$run"
