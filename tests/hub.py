"""A small server on this machine that answers as the Hugging Face Hub does."""

import hashlib
import http.server
import json
import re


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the Hub as a download asks for; `files` maps "repo/path" to bytes."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]
    asked: list[str]
    commit = "2d738f56e0e7f925ea36ae7c808ea925264aacec"

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0].replace("%2B", "+")
        self.asked.append(f"{self.command} {path}")
        info = re.fullmatch(r"/api/(?:datasets|models)/([^/]+/[^/]+)(?:/revision/\w+)?", path)
        file = re.fullmatch(r"/(?:datasets/)?([^/]+/[^/]+)/resolve/\w+/(.+)", path)
        if info:
            self.answer(json.dumps(self.info(info[1])).encode(), "application/json")
        elif file and f"{file[1]}/{file[2]}" in self.files:
            self.answer(self.files[f"{file[1]}/{file[2]}"], "application/octet-stream")
        else:
            self.answer(b"", "text/plain", 404)

    def info(self, repo):
        siblings = [
            {
                "rfilename": name.removeprefix(f"{repo}/"),
                "size": len(data),
                "lfs": {
                    "sha256": hashlib.sha256(data).hexdigest(),
                    "size": len(data),
                    "pointerSize": 1,
                },
            }
            for name, data in self.files.items()
            if name.startswith(f"{repo}/")
        ]
        return {"id": repo, "sha": self.commit, "siblings": siblings}

    def answer(self, body, kind, status=200):
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        total = len(body)
        if span and status == 200:
            status, body = 206, body[int(span[1]) :]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", self.commit)
        if status == 404:
            repo = "/".join(self.path.removeprefix("/datasets").split("/")[1:3])
            known = any(name.startswith(f"{repo}/") for name in self.files)
            self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
        if status == 206:
            self.send_header("Content-Range", f"bytes {total - len(body)}-{total - 1}/{total}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)
