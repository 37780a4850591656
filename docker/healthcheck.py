"""Exits with 0 if the server of this container answers /health, else with 1 and the reason."""

import http.client
import os
import ssl
import sys

PORT = int(os.environ.get("FUNASR_PORT", "7860"))
SECONDS = 8

try:
    if os.environ.get("FUNASR_SSL_CERTFILE"):
        anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE  # the certificate is of another name
        connection = http.client.HTTPSConnection("127.0.0.1", PORT, timeout=SECONDS, context=anybody)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=SECONDS)  # no proxy of the environment
    connection.request("GET", "/health")
    status = connection.getresponse().status
except (OSError, http.client.HTTPException) as error:
    sys.exit(f"Port {PORT} gives no answer: {error}")
if status != http.HTTPStatus.OK:
    sys.exit(f"/health answers {status}")
