"""Response headers: nothing inline, nothing from elsewhere, nothing framed."""

from flask import Flask, Response

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"


def protect(app: Flask, *, secure: bool, provider: str | None = None) -> None:
    """Send the headers with every answer; `secure` also binds browsers to HTTPS.

    `provider` is the origin of an identity provider: browsers hold the redirect after "sign out" to `form-action`.
    """
    own = "form-action 'self'"
    headers = HEADERS | {
        "Content-Security-Policy": POLICY.replace(own, f"{own} {provider}" if provider else own)
    }

    def send(response: Response) -> Response:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if response.mimetype == "text/html":
            # Pages hold a person's data and a form's token: never from a cache, not even by "back".
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.after_request(send)
