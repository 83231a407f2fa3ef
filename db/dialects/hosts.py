"""Several hosts in one URL, as libpq has them: `scheme://user:password@a:5432,b:5432/database`.

The text of a URL enters, and leaves in the form that SQLAlchemy reads: with the hosts behind the question mark. Whether
there are such hosts is not known here.
Source: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
"""

import re
from urllib.parse import quote

URL_PARTS = re.compile(r"(?P<scheme>[^:/?]+://)(?P<authority>[^/?]*)(?P<path>[^?]*)\??(?P<options>.*)", re.DOTALL)


def with_hosts_as_options(text: str) -> str:
    """The same URL, with `host=` for each of several hosts; any other text as it is."""
    found = URL_PARTS.fullmatch(text)
    if found is None:
        return text
    user, at, hosts = found["authority"].rpartition("@")
    if "," not in hosts:
        return text
    options = [f"host={quote(host.strip())}" for host in hosts.split(",")]
    return f"{found['scheme']}{user}{at}{found['path']}?{'&'.join([*filter(None, [found['options']]), *options])}"
