"""A shop to practise on: 250 orders, at most a hundred to a page, behind a key."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

KEY = "open-sesame"
ORDERS = [
    {"id": n, "customer": f"c{n % 7}", "total": n * 1.25, "changed": f"2026-01-{n % 28 + 1:02}T12:00:00Z"}
    for n in range(1, 251)
]


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # bytes: an answer leaves in one piece

    def do_GET(self):
        url = urlsplit(self.path)
        if self.headers["X-API-Key"] != KEY:
            self.answer(401, {"message": "unknown key"})
        elif url.path != "/orders":
            self.answer(404, {"message": f"no {url.path} here"})
        else:
            self.answer(200, orders(**dict(parse_qsl(url.query))))

    def answer(self, status, payload):
        body = json.dumps(payload).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def orders(page=1, per_page=100, since=""):
    found = [order for order in ORDERS if order["changed"] >= since]
    size = min(100, int(per_page))
    first = size * (int(page) - 1)
    return {"orders": found[first : first + size], "total": len(found)}


def start(port=0):
    """Serve in a thread, until the program ends; return the address."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


if __name__ == "__main__":
    print(f"A shop at {start(8250)}, its key is {KEY}")
    input("Press Enter to close it ")
