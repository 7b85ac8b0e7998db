"""Asks a page on this computer for a path, after the password where one is given; prints the status and what is told.

Runs in the box, on the standard library alone: page_visitor.py PATH [PASSWORD].
"""

from __future__ import annotations

import sys
import time
from http.client import HTTPConnection

ADDRESS, PORT = "127.0.0.1", 8640
FOLLOWED_S = 4.0
"""A stream of events does not end by itself."""


def signed_in(password: str) -> str:
    """The cookie that the page gives for it; nothing where it is refused."""
    page = HTTPConnection(ADDRESS, PORT, timeout=10)
    headers = {"Origin": f"http://{ADDRESS}:{PORT}", "Content-Type": "application/x-www-form-urlencoded"}
    page.request("POST", "/login", f"password={password}", headers)
    return (page.getresponse().headers["Set-Cookie"] or "").partition(";")[0]


def told(path: str, cookie: str) -> str:
    page = HTTPConnection(ADDRESS, PORT, timeout=10)
    page.request("GET", path, headers={"Cookie": cookie, "Accept-Language": "en"})
    answer = page.getresponse()
    content, end_s = b"", time.monotonic() + FOLLOWED_S
    while time.monotonic() < end_s and (part := answer.read1()):
        content += part
    return f"{answer.status} {content.decode()}"


if __name__ == "__main__":
    print(told(sys.argv[1], signed_in(sys.argv[2]) if len(sys.argv) > 2 else ""))
