"""A small server on this machine that answers as the Hugging Face Hub does."""

import base64
import contextlib
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from urllib.parse import unquote

import yaml

WRITER, READER = "hf_may_write", "hf_may_read"


@dataclass
class Repository:
    """What was pushed; each commit is its id and the files as they were then."""

    private: bool
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=list)

    def commit(self, files):
        content = repr((len(self.commits), sorted(files.items()))).encode()
        self.commits.append((hashlib.sha1(content).hexdigest(), files))
        return self.commits[-1][0]

    def at(self, revision):
        """The commit that `revision` names, or None."""
        if revision == "main":
            return self.commits[-1]
        return next((commit for commit in self.commits if commit[0] == revision), None)


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the Hub as publishing and fetching ask for.

    `files` maps "repo/path" to bytes that are simply there, at whatever revision; `repos` are
    those that were pushed. `cut` maps a file's name to how many of its bytes arrive before the line
    goes dead.
    """

    protocol_version = "HTTP/1.1"
    url: str
    files: dict[str, bytes]
    asked: list[str]
    commit = "2d738f56e0e7f925ea36ae7c808ea925264aacec"

    def __init_subclass__(cls):
        cls.repos: dict[str, Repository] = {}
        cls.large: dict[str, bytes] = {}
        cls.cut: dict[str, int] = {}
        cls.cards: list[str] = []

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.note()
        info = re.fullmatch(r"/api/(?:datasets|models)/([^/]+/[^/]+)(?:/revision/(.+))?", path)
        file = re.fullmatch(r"/(?:datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if info:
            self.get_info(info[1], info[2] or "main")
        elif file:
            self.get_file(*file.groups())
        else:
            self.answer(b"", "text/plain", 404)

    def get_info(self, repo, revision):
        if repo in self.repos or self.path.startswith("/api/models/"):
            found = self.find(repo, revision)
            if found is not None:
                self.say(self.info_of(repo, *found))
        else:
            self.say(self.info(repo))

    def get_file(self, repo, revision, path):
        found = self.find(repo, revision)
        if found is None:
            return
        commit, files = found
        if path in files:
            self.answer(files[path], "application/octet-stream", commit=commit, name=path)
        else:
            self.fail(404, "EntryNotFound")

    def do_POST(self):
        path = self.note()
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if path == "/api/validate-yaml":
            errors = card_errors(json.loads(body)["content"])
            self.cards.append(json.loads(body)["content"])
            self.say({"errors": [{"message": m} for m in errors], "warnings": []},
                     400 if errors else 200)  # fmt: skip
        elif not self.may_write():
            return
        elif path == "/api/repos/create":
            self.create(json.loads(body))
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/main", path):
            self.preupload(found[1], json.loads(body))
        elif re.fullmatch(r"/[^/]+/[^/]+\.git/info/lfs/objects/batch", path):
            self.batch(json.loads(body))
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/main", path):
            self.take(found[1], [json.loads(line) for line in body.splitlines()])
        else:
            self.answer(b"", "text/plain", 404)

    def do_PUT(self):
        sha = self.note().removeprefix("/large/")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        right = hashlib.sha256(body).hexdigest() == sha
        if right:
            self.large[sha] = body
        self.answer(b"", "text/plain", 200 if right else 400)

    def note(self):
        path = unquote(self.path.partition("?")[0])
        self.asked.append(f"{self.command} {path}")
        return path

    def token(self):
        return self.headers.get("Authorization", "").removeprefix("Bearer ")

    def may_write(self):
        """Answer no to whoever has no right to write."""
        if self.token() == WRITER:
            return True
        if self.token() == READER:
            self.fail(403, "", "You don't have the rights to write there")
        else:
            self.fail(401, "", "Invalid credentials in Authorization header")
        return False

    def find(self, repo, revision):
        """The commit and files that are asked for; answers itself where there are none."""
        if self.token() not in ("", READER, WRITER):
            return self.fail(401, "", "Invalid credentials in Authorization header")
        pushed = self.repos.get(repo)
        if pushed and pushed.private and not self.token():
            return self.fail(401, "RepoNotFound")
        if pushed:
            return pushed.at(revision) or self.fail(404, "RevisionNotFound")
        files = self.plain(repo)
        return (self.commit, files) if files else self.fail(404, "RepoNotFound")

    def plain(self, repo):
        return {
            name.removeprefix(f"{repo}/"): data
            for name, data in self.files.items()
            if name.startswith(f"{repo}/")
        }

    def info(self, repo):
        return self.info_of(repo, self.commit, self.plain(repo))

    def info_of(self, repo, commit, files):
        private = repo in self.repos and self.repos[repo].private
        siblings = [
            {
                "rfilename": name,
                "size": len(data),
                "blobId": git_hash(data),
                **({"lfs": large(data)} if is_large(name) else {}),
            }
            for name, data in files.items()
        ]
        return {"id": repo, "sha": commit, "private": private, "siblings": siblings}

    def create(self, asked):
        repo = f"{asked['organization']}/{asked['name']}"
        known = repo in self.repos
        if not known:
            self.repos[repo] = Repository(asked.get("visibility") == "private")
            self.repos[repo].commit({".gitattributes": b"*.onnx filter=lfs\n"})
        self.say({"url": f"{self.url}/{repo}"}, 409 if known else 200)

    def preupload(self, repo, asked):
        there = self.repos[repo].commits[-1][1]
        ignored = there.get(".gitignore", b"").decode().split()

        def hash_of(path):
            if path in there and is_large(path):
                return large(there[path])["sha256"]
            return git_hash(there[path]) if path in there else None

        self.say({"files": [
            {"path": path, "uploadMode": "lfs" if is_large(path) else "regular",
             "shouldIgnore": path in ignored, "oid": hash_of(path)}
            for path in (file["path"] for file in asked["files"])
        ]})  # fmt: skip

    def batch(self, asked):
        self.say({"transfer": "basic", "objects": [
            wanted | ({} if wanted["oid"] in self.large
                      else {"actions": {"upload": {"href": f"{self.url}/large/{wanted['oid']}"}}})
            for wanted in asked["objects"]
        ]})  # fmt: skip

    def take(self, repo, lines):
        """Make a commit of the lines that the client sends: a header, then a file each."""
        pushed = self.repos[repo]
        latest, files = pushed.commits[-1][0], dict(pushed.commits[-1][1])
        for line in lines:
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit", latest) != latest:
                return self.fail(412, "", "A commit has happened since")
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        commit = pushed.commit(files)
        self.say({"commitUrl": f"{self.url}/{repo}/commit/{commit}", "commitOid": commit})
        return None

    def say(self, values, status=200):
        self.answer(json.dumps(values).encode(), "application/json", status)

    def fail(self, status, code, message=""):
        self.answer(b"{}", "application/json", status, code=code, message=message)

    def answer(self, body, kind, status=200, *, commit=None, name="", code="", message=""):
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        total = len(body)
        etag = hashlib.sha256(body).hexdigest()
        if span and status == 200:
            status, body = 206, body[int(span[1]) :]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{etag}"')
        self.send_header("X-Repo-Commit", commit or self.commit)
        if code:
            self.send_header("X-Error-Code", code)
        if message:
            self.send_header("X-Error-Message", message)
        if status == 206:
            self.send_header("Content-Range", f"bytes {total - len(body)}-{total - 1}/{total}")
        self.end_headers()
        if self.command == "HEAD":
            return
        if name in self.cut:
            body = body[: max(0, self.cut[name] - (total - len(body)))]
            self.close_connection = True
        self.wfile.write(body)


def is_large(name):
    return name.endswith((".onnx", ".safetensors", ".parquet"))


def large(data):
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 1}


def git_hash(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def card_errors(text):
    """What the Hub would say against a model card's head."""
    parts = text.split("---\n", 2)
    if len(parts) < 3 or parts[0]:
        return []
    try:
        head = yaml.safe_load(parts[1])
    except yaml.YAMLError as error:
        return [f"invalid YAML: {error}"]
    errors = []
    if head.get("license") == "other" and not head.get("license_name"):
        errors.append('"license_name" is required where "license" is "other"')
    if not re.fullmatch(r"[a-z0-9-]+", str(head.get("license_name", "x"))):
        errors.append('"license_name" must be in kebab case')
    results = [(model, result) for model in head.get("model-index", [])
               for result in model.get("results", [])]  # fmt: skip
    for model, result in results:
        if not isinstance(model.get("name"), str) or "type" not in result.get("task", {}):
            errors.append('"model-index[0]" has no name, or a result without a task')
        if not {"type", "name"} <= set(result.get("dataset", {})):
            errors.append('"model-index[0].results[0].dataset" is incomplete')
        metrics = result.get("metrics") or [{}]
        if not all("type" in m and isinstance(m.get("value"), float) for m in metrics):
            errors.append('"model-index[0].results[0].metrics" is incomplete')
    return errors


@contextlib.contextmanager
def serving():
    """A Hub that answers until the block ends; give its class, which holds what it knows."""
    handler = type("ThisHub", (Hub,), {"files": {}, "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield handler
    finally:
        server.shutdown()
        server.server_close()


def through_the_client(hub, folder, script, *arguments, **environment):
    """What `script` prints in a process of its own: the client reads HF_ENDPOINT when imported."""
    own = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "hub"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment | own,
    ).stdout.strip()
