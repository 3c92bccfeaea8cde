"""Asks the running service, as a customer would. Exit code 0: it answers well."""

import json
import os
import sys
import urllib.request

base = f"http://{os.environ.get('SLIPWAY_ADDRESS', '127.0.0.1')}:{os.environ.get('PORT', '8080')}"
with urllib.request.urlopen(base + "/", timeout=5) as answer:
    page = json.load(answer)
print(json.dumps(page, indent=2))
if page["revision"] != os.environ["SLIPWAY_REVISION"]:
    sys.exit(f"served revision {page['revision']}, not {os.environ['SLIPWAY_REVISION']}")
if "?" in page["price"]:
    sys.exit(f"the price has no currency: {page['price']}")
