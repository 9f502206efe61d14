"""The plain page that stands where GraphiQL is not installed; it loads nothing from anywhere."""

from starlette.requests import Request
from starlette.responses import HTMLResponse

_CONTENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>1D touch GraphQL</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}
code{background:#8882;padding:.1em .3em;border-radius:.2em}</style>
</head>
<body>
<h1>1D touch GraphQL</h1>
<p>This address answers GraphQL, by <code>POST /graphql</code>.</p>
<p>GraphiQL is not installed here. To have it on this page, run
<code>scripts/install-playground</code> once and start the server again.</p>
</body>
</html>
"""
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "vary": "Accept",
    "x-content-type-options": "nosniff",
}


async def page(_: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(_CONTENT, headers=_HEADERS)
