import jinja2
from flask import Response, redirect, render_template_string, request, url_for
from jinja2 import Environment
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup
from weasyprint import HTML

from townhall.web.addresses import local


def onward() -> Response:
    target = request.args.get("next")
    if target:
        # ruleid: redirect-unchecked
        return redirect(target, 303)
    if request.form["next"]:
        # ruleid: redirect-unchecked
        return redirect(request.form["next"])
    if request.referrer:
        # ruleid: redirect-unchecked
        return redirect(request.referrer or "/")
    # ok: redirect-unchecked
    return redirect(local(request.form.get("next")) or url_for("overview.show"), 303)


def shown(name: str) -> Markup:
    # ruleid: markup-of-a-value
    bold = Markup(f"<b>{name}</b>")
    # ruleid: markup-of-a-value
    plain = Markup(name)
    # ok: markup-of-a-value
    return bold + plain + Markup("<b>{}</b>").format(name)


def rendered(source: str) -> str:
    # ruleid: template-not-sandboxed
    one = Environment(autoescape=True).from_string(source)
    # ruleid: template-not-sandboxed
    two = jinja2.Template(source)
    # ruleid: template-not-sandboxed
    three = SandboxedEnvironment().from_string(source)
    # ruleid: template-not-sandboxed
    four = render_template_string(source)
    return f"{one}{two}{three}{four}"


def printed(source: str) -> bytes:
    # ruleid: fetcher-not-ours
    return HTML(string=source).write_pdf()
