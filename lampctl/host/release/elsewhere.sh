# Records that another host runs the hooks after the switch of SITE to the release DIGEST.
ran "$SITE" "$DIGEST elsewhere"
