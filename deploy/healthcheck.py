"""A container's health probe: asks the URL as the proxy would, and fails loudly.

Usage: python deploy/healthcheck.py http://127.0.0.1:8000/healthz
"""

import os
import sys
import urllib.request

request = urllib.request.Request(  # noqa: S310 - the URL is the image's own
    sys.argv[1],
    headers={
        "Host": os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0],
        "X-Forwarded-Proto": "https",
    },
)
with urllib.request.urlopen(request, timeout=2) as response:  # noqa: S310
    sys.exit(0 if response.status == 200 else 1)
