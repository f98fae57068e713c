"""Sites with files that must not run or be served, and a page that prints the server variables it gets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.hosts.conftest import Host
from tests.hosts.visitor import get

SEEN = "RAN-WHAT-WAS-DENIED"
TELL = """<?php $found = [];
foreach (['SCRIPT_FILENAME', 'SCRIPT_NAME', 'PATH_INFO', 'PHP_SELF', 'REQUEST_URI', 'DOCUMENT_ROOT', 'PATH_TRANSLATED',
          'QUERY_STRING'] as $name) { $found[$name] = $_SERVER[$name] ?? null; }
echo json_encode($found + ['file' => __FILE__]);
"""
# Files that must not run or be served, and index.php, which prints the server variables it gets.
PREPARE = f"""
cd /var/www
for site in lamp.test auth.test; do
    mkdir -p $site/admin $site/.hidden $site/app.php.d
    echo '<?php echo "{SEEN}";' | tee $site/admin/index.php $site/.hidden/evil.php >/dev/null
    cat > $site/index.php <<'EOF'
{TELL}EOF
    cp $site/index.php $site/app.php.d/index.php
done
cp lamp.test/index.php word.test/wp-content/tell.php
mkdir -p word.test/wp-content/uploads
echo '<?php echo "{SEEN}";' > word.test/wp-content/uploads/evil.php
printf 'admin:%s\\n' "$(openssl passwd -apr1 secret)" > auth.test/.users
printf 'AuthType Basic\\nAuthName x\\nAuthUserFile /var/www/auth.test/.users\\nRequire valid-user\\n' > auth.test/admin/.htaccess
for site in lamp.test auth.test word.test; do chown -R site-${{site%.test}}-test: $site/*/ $site/*.php 2>/dev/null || :; done
chmod -R a+rX lamp.test/* auth.test/* auth.test/.users lamp.test/.hidden word.test/wp-content
"""


@dataclass(frozen=True)
class Served:
    """A host that serves the sites with one of the setups."""

    host: Host
    setup: str
    book: str

    def get(self, site: str, path: str, headers: str = "", port: int = 80) -> tuple[int, str]:
        """Return the status and the whole answer."""
        answer = get(self.host.box.address, path, site, headers, port)
        return int(answer.split()[1]), answer

    def server_variables(self, site: str, path: str) -> dict[str, Any]:
        status, answer = self.get(site, path)
        assert status == 200, answer
        found: dict[str, Any] = json.loads(answer.partition("\r\n\r\n")[2])
        return found
