"""The playground: GraphiQL with a log-in, examples and costs, served whole from this process.

Its own page, style and modules are in assets/; what is third-party is in assets/vendor/, which
scripts/install-playground fills from npm by the hashes of a lock. Nothing is loaded from anywhere
else, ever: a Content-Security-Policy says so to the browser.

GraphiQL is 4.1.2 with the explorer 4.0.6 and React 18.3.1, as the UMD files that their packages
bring (all MIT), not the current major 5 through a bundler: what is served is byte for byte what
was published and can be checked by its hash; there is no build step; it is 0.67 MB compressed
instead of 2.2; and its editor is CodeMirror, which works on a phone, where Monaco, the editor
of 5, says that it does not. The price is that major 4 gets no more releases.
"""

import gzip
import html
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from string import Template
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .negotiation import accepts_gzip

ASSETS: Final = Path(__file__).parent / "assets"
QUERIES: Final = Path(__file__).parent.parent / "queries"
VENDOR: Final = (
    "vendor/explorer.css",
    "vendor/explorer.js",
    "vendor/graphiql.css",
    "vendor/graphiql.js",
    "vendor/react-dom.js",
    "vendor/react.js",
)
CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
HEADINGS: Final = {
    "playground": "Start here",
    "frontend": "For a frontend",
    "gateway": "For a gateway",
}
"""The folders of queries/ in the order in which they are listed; others follow by their names."""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS: Final = {
    "cache-control": "no-cache",
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "vary": "Accept",
    "x-content-type-options": "nosniff",
}
# An address holds the digest of all files: what it answers never changes.
_ASSET_HEADERS: Final = {
    "cache-control": "public, max-age=31536000, immutable",
    "cross-origin-resource-policy": "same-origin",
    "vary": "Accept-Encoding",
    "x-content-type-options": "nosniff",
}
_SMALLEST_COMPRESSED: Final = 1_000


@dataclass(frozen=True)
class SandboxUser:
    """A user of the sandbox, whom the page offers to log in as; never one of a real REST API."""

    username: str
    password: str


@dataclass(frozen=True)
class Asset:
    """A file as it is served."""

    content_type: str
    content: bytes

    @cached_property
    def compressed(self) -> bytes | None:
        """Its content through gzip, None for a file that is too small for that."""
        if len(self.content) < _SMALLEST_COMPRESSED:
            return None
        return gzip.compress(self.content, 6, mtime=0)


@dataclass(frozen=True)
class Site:
    """All that the page consists of, and the digest that stands in the addresses of its files."""

    template: Template
    assets: dict[str, Asset]
    digest: str


def is_installed(assets: Path = ASSETS) -> bool:
    """Whether scripts/install-playground has brought the files that are not this project's own."""
    return all((assets / name).is_file() for name in VENDOR)


class Playground:
    """The page and its files; they are read when they are first asked for, and then kept.

    `page` and the endpoints of `routes` are synchronous, so that Starlette calls them in a
    thread: the first ones read and compress a megabyte. Installing the files needs no restart.
    """

    def __init__(
        self,
        sandbox_user: SandboxUser | None = None,
        *,
        assets: Path = ASSETS,
        queries: Path = QUERIES,
    ) -> None:
        """`sandbox_user` is given where the embedded sandbox is the upstream."""
        self._sandbox_user = sandbox_user
        self._assets = assets
        self._queries = queries

    def page(self, request: Request) -> Response:
        """The page, for a person's browser; where its files are missing, one that says so.

        Addresses in it are relative to the last part of the page's own path, so that it works
        below any prefix that a proxy or a mount puts in front.
        """
        if not is_installed(self._assets):
            return HTMLResponse(_NOT_INSTALLED, headers=_PAGE_HEADERS)
        last_part = request.url.path.rsplit("/", 1)[-1]
        content = self._site.template.substitute(
            assets=html.escape(f"{last_part}/assets/{self._site.digest}"),
            sandbox=self._sandbox_tag(),
        )
        return HTMLResponse(content, headers=_PAGE_HEADERS)

    def routes(self) -> list[Route]:
        """The routes of the page's files, where the page itself is at /graphql."""
        return [Route("/graphql/assets/{digest}/{name:path}", self.asset)]

    def asset(self, request: Request) -> Response:
        """One file of the page; 404 for one that it does not have, or had before a change."""
        try:
            asset = self._site.assets[request.path_params["name"]]
        except (KeyError, FileNotFoundError):
            return Response(status_code=404)
        if request.path_params["digest"] != self._site.digest:
            return Response(status_code=404)
        headers = {**_ASSET_HEADERS, "content-type": asset.content_type}
        accepted = request.headers.get("accept-encoding", "").encode("latin-1")
        if accepts_gzip(accepted) and asset.compressed:
            return Response(asset.compressed, headers={**headers, "content-encoding": "gzip"})
        return Response(asset.content, headers=headers)

    @cached_property
    def _site(self) -> Site:
        own = [
            path.name for path in self._assets.iterdir() if path.suffix in {".css", ".js", ".svg"}
        ]
        contents = {name: (self._assets / name).read_bytes() for name in sorted([*own, *VENDOR])}
        contents["examples.json"] = msgspec.json.encode(examples(self._queries))
        digest = blake2b(digest_size=9)
        for name, content in contents.items():
            digest.update(b"%b %d " % (name.encode(), len(content)))
            digest.update(content)
        return Site(
            Template((self._assets / "page.html").read_text(encoding="utf-8")),
            {
                name: Asset(CONTENT_TYPES[Path(name).suffix], content)
                for name, content in contents.items()
            },
            digest.hexdigest(),
        )

    def _sandbox_tag(self) -> str:
        user = self._sandbox_user
        if user is None:
            return ""
        username, password = html.escape(user.username), html.escape(user.password)
        return f'<meta name="sandbox-user" content="{username}" data-password="{password}">'


def examples(folder: Path) -> list[dict[str, Any]]:
    """The operations of a folder like queries/: by consumer, each with its purpose and variables.

    The purpose is the comment in the first line.
    """
    order = list(HEADINGS)
    folders = sorted(
        (path for path in folder.iterdir() if path.is_dir()),
        key=lambda path: (order.index(path.name) if path.name in order else len(order), path.name),
    )
    return [
        {
            "heading": HEADINGS.get(consumer.name, consumer.name.capitalize()),
            "operations": [_example(path) for path in sorted(consumer.glob("*.graphql"))],
        }
        for consumer in folders
    ]


def _example(path: Path) -> dict[str, str]:
    query = path.read_text(encoding="utf-8")
    first_line = query.partition("\n")[0]
    variables = path.with_suffix(".variables.json")
    return {
        "name": path.stem,
        "purpose": first_line.lstrip("# ") if first_line.startswith("#") else path.stem,
        "query": query,
        "variables": variables.read_text(encoding="utf-8") if variables.is_file() else "",
    }


_NOT_INSTALLED: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>1D touch GraphQL</title>
<style>
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 12vh auto; padding: 0 1rem }
code { background: #8883; border-radius: .25em; padding: .15em .4em }
</style>
<h1>1D touch GraphQL</h1>
<p>GraphQL is served here: <code>POST</code> an operation to this address.</p>
<p>The playground is not installed. To have it on this page, run</p>
<p><code>scripts/install-playground</code></p>
<p>in the folder of the server, and load the page again. It needs npm, once.</p>
</html>
"""
