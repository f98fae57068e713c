#!/bin/sh
# The end of `make demo`: prints the deployed page and the next commands.
set -eu
lampctl=$1
address=$("$lampctl" box list --format json | python3 -c '
import json, sys
print(next(b["address"] for b in json.load(sys.stdin)["boxes"] if b["name"] == "demo"))')
echo
python3 - "$address" <<'PY'
import re, sys, urllib.request
html = urllib.request.urlopen(f"http://{sys.argv[1]}/", timeout=10).read().decode()
text = [re.sub(r"<[^>]+>", "", part).strip() for part in re.findall(r"<h1>.*|<p>.*", html)]
print(f"http://{sys.argv[1]}/ says:", *text, sep="\n    ")
PY
cat <<TEXT

look around   $lampctl box ssh demo
check again   $lampctl check demo
break it      $lampctl box ssh demo systemctl stop mariadb; $lampctl check demo
fix it        $lampctl deploy demo
remove it     $lampctl box down demo
TEXT
