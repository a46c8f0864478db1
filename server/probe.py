"""`python -m server.probe`: exit status 0 when the server on this machine says that it is ready. For containers."""

import os
import ssl
import sys
import urllib.error
import urllib.request

from config.settings import parse

TIMEOUT_S = 2.0


def main() -> int:
    """Asks /readyz at the address that the settings in the environment name."""
    settings = parse([], os.environ)
    url = f"{settings.base_url}/readyz"
    # The question is whether the process beside us works, not whether its certificate is for this address.
    anybody = ssl.create_default_context()
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=anybody) as answer:  # noqa: S310  our own address
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, OSError) as error:
        print(f"not ready: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
