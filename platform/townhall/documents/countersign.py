"""A plan on paper for 會簽: what it does sentence by sentence, what it rests on, and room for signatures.

The digest on every page is the one that `townhall apply --digest` asks for, so what was signed is what is applied.
"""

import datetime as dt
from collections.abc import Iterable

from jinja2 import Environment, StrictUndefined

from provisioning.money import yuan
from provisioning.plan import Operation, Plan
from townhall.documents.impact import Impact
from townhall.documents.sheet import Sheet
from townhall.standards.models import Release
from townhall.units.models import Unit

GROUPS = (
    ("待本地決定", {Operation.ASK}),
    ("將要改動", {Operation.CREATE, Operation.UPDATE, Operation.DELETE, Operation.MOVE}),
    ("保留本地", {Operation.KEEP}),
)

STYLE = """
@page { margin: 22mm 22mm 24mm 26mm; @bottom-center { content: element(foot); width: 100%; } }
html { font-family: var(--song); font-size: 11pt; line-height: 1.6; color: #1a1a1a; }
h1 { font-family: var(--hei); font-size: 19pt; text-align: center; margin: 0 0 3mm; line-height: 1.4; }
h2 { font-family: var(--hei); font-size: 12.5pt; margin: 6mm 0 2mm; break-after: avoid; }
p { margin: 0; } .unit { text-align: center; margin-bottom: 5mm; }
ol { margin: 0; padding-left: 8mm; } li { margin-bottom: 1mm; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { border: 0.2mm solid #555; padding: 1.4mm 2mm; text-align: left; vertical-align: top; font-size: 10.5pt; }
th { font-family: var(--hei); background: #efefef; } .amount { text-align: right; }
.code { font-family: var(--hei); overflow-wrap: anywhere; }
.sign { break-inside: avoid; margin-top: 6mm; } .sign td { height: 20mm; }
.foot { position: running(foot); font-size: 9pt; border-top: 0.2mm solid #555; padding-top: 1.5mm; }
.page::before { content: "第" counter(page) "頁　共" counter(pages) "頁"; }
"""

PAGE = """<!DOCTYPE html>
<html lang="zh-Hant"><head><meta charset="utf-8"><title>{{ title }}</title></head><body>
<p class="foot">計劃摘要 <span class="code">{{ digest }}</span>　製表 {{ day }}　<span class="page"></span></p>
<h1>{{ title }}</h1>
<p class="unit">{{ unit.name }}（{{ unit.short_code }}）　{{ release.title }}第 {{ release.number }} 版</p>
{% if plan.blocked %}<p><b>不能執行：{{ plan.blocked }}</b></p>{% endif %}
{% for reason in plan.changes.guard %}<p>須寫明理由：{{ reason }}</p>{% endfor %}
{% for name, actions in groups if actions %}
<h2>{{ name }}（{{ actions|length }} 處）</h2><ol>{% for one in actions %}<li>{{ one.sentence }}</li>{% endfor %}</ol>
{% endfor %}
{% if plan.waiting %}<h2>等待縣決定（{{ plan.waiting|length }} 處）</h2><ol>{% for one in plan.waiting %}<li>{{ one }}</li>{% endfor %}</ol>{% endif %}
{% if not plan %}<p>無變化。</p>{% endif %}
{% if found %}<h2>檢查發現</h2><ol>{% for one in found %}<li>{{ one.sentence }}</li>{% endfor %}</ol>{% endif %}
{% if known %}<p>另有既有問題 {{ known }} 處，不因本計劃產生。</p>{% endif %}
<h2>影響</h2>
{% if impact.documents %}
<table><thead><tr><th>文件</th><th style="width: 20mm">變化</th><th style="width: 20mm">份數</th></tr></thead><tbody>
{% for one in impact.documents %}<tr><td>{{ one.title }}</td><td>{{ one.change.value }}</td><td class="amount">{{ one.copies }}</td></tr>{% endfor %}
</tbody></table>
{% else %}<p>沒有文件因此改變。</p>{% endif %}
{% if money %}<p>資金：{% for name, amount in money %}{{ name }} {{ amount }} 元{% if not loop.last %}；{% endif %}{% endfor %}</p>{% else %}<p>各類資金不變。</p>{% endif %}
<table class="sign"><thead><tr><th>擬辦</th><th>審核</th><th>會簽</th><th>批准</th></tr></thead>
<tbody><tr><td></td><td></td><td></td><td></td></tr></tbody></table>
</body></html>"""

_PAGES = Environment(autoescape=True, undefined=StrictUndefined)


def countersign_sheet(
    unit: Unit, release: Release, plan: Plan, impact: Impact, digest: str, day: dt.date
) -> Sheet:
    """The sheet of one plan, A4; `digest` is that of exactly this plan, `day` the day on which it is printed."""
    page = {
        "title": "標準升級計劃（會簽）",
        "unit": unit,
        "release": release,
        "plan": plan,
        "impact": impact,
        "groups": [(name, _of(plan, operations)) for name, operations in GROUPS],
        "found": [one for one in plan.changes.findings if not one.known],
        "known": sum(one.known for one in plan.changes.findings),
        "money": [(name, yuan(amount)) for name, amount in impact.money.items()],
        "digest": digest,
        "day": f"{day.year}年{day.month}月{day.day}日",
    }
    return Sheet(html=_PAGES.from_string(PAGE).render(page), stylesheet=STYLE, width=210, height=297)


def _of(plan: Plan, operations: Iterable[Operation]) -> list[object]:
    return [action for action in plan.changes.actions if action.operation in operations]
