"""The one question that Vault asks of Kubernetes: whose service account is this token?"""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/apis/authentication.k8s.io/v1/tokenreviews"
REVIEWER = "token-of-the-reviewer-4711"


@dataclass
class TokenReviews:
    """Answers TokenReview as the API server does; knows the service accounts that it was told of."""

    address: str = ""
    accounts: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # namespace, name, uid by token

    def account(self, namespace: str, name: str) -> str:
        """A token of this service account."""
        uid = f"uid-{len(self.accounts)}"
        claims = {
            "iss": "https://kubernetes.default.svc",
            "sub": f"system:serviceaccount:{namespace}:{name}",
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
        }
        token = ".".join([_encoded({"alg": "RS256"}), _encoded(claims), _encoded(uid)])
        self.accounts[token] = (namespace, name, uid)
        return token

    def status(self, token: str) -> dict[str, Any]:
        if token not in self.accounts:
            return {"authenticated": False, "error": "invalid bearer token"}
        namespace, name, uid = self.accounts[token]
        groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
        user = {"username": f"system:serviceaccount:{namespace}:{name}", "uid": uid, "groups": groups}
        return {"authenticated": True, "user": user}


@contextlib.contextmanager
def running_token_reviews() -> Iterator[TokenReviews]:
    """Serves on loopback for the time of the block."""
    reviews = TokenReviews()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            well = self.path == PATH and self.headers["Authorization"] == f"Bearer {REVIEWER}"
            answer = {**asked, "status": reviews.status(asked["spec"]["token"])} if well else {"kind": "Status"}
            body = json.dumps(answer).encode()
            self.send_response(201 if well else 403)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        reviews.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield reviews
        finally:
            server.shutdown()
            thread.join()


def _encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
