# Made by mlopsc: pictures for monitor.py and compare.py, which import it. It needs Python alone.
"""Charts as SVG, and pages that hold them: nothing in them is fetched from elsewhere."""

import html
import math

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 16, 26
STYLE = """
:root{color-scheme:light dark;--ink:#222;--soft:#777;--line:#ddd;--blue:#2563b0;--red:#c62828;--green:#2e7d32;--paper:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--line:#444;--blue:#7ab0f5;--red:#f47a74;--green:#7cc47f;--paper:#181818}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:1.8rem 0 .2rem}p{margin:.2rem 0;color:var(--soft)}
.badge{font-size:.85rem;vertical-align:.2rem;padding:.1rem .6rem;border-radius:1rem;color:var(--paper);background:var(--green)}
.badge.bad{background:var(--red)}.bad{color:var(--red)}.badge.bad{color:var(--paper)}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .9rem;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}th{color:var(--soft);font-weight:600}
svg{display:block;max-width:100%;height:auto;font:12px system-ui,sans-serif}svg text{fill:var(--soft)}
.grid{stroke:var(--line)}.series{fill:none;stroke:var(--blue);stroke-width:2}.dot{fill:var(--blue)}.dot.bad{fill:var(--red)}
.limit{stroke:var(--red);stroke-dasharray:5 4}svg text.limit{fill:var(--red);stroke:none}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(26rem,1fr));gap:1rem 2rem}
"""


def ticks(low, high, wanted=5):
    """Round numbers from low to high, about as many as wanted."""
    rough = (high - low) / wanted
    power = 10 ** math.floor(math.log10(rough))
    step = next(unit * power for unit in (1, 2, 5, 10) if unit * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def spread(values):
    """The least and the greatest, with some room where they are one."""
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return low - room, high + room


def chart(points, label, joined=False, limits=(), marks=None):
    """SVG of (x, y, what a dot says, whether it is bad). ``limits`` are (text, y); ``marks`` are (x, text) below, if given."""
    low, high = spread([y for _, y, _, _ in points] + [y for _, y in limits])
    left, right = spread([x for x, _, _, _ in points])
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(x, y):
        return LEFT + (x - left) / (right - left) * wide, TOP + (high - y) / (high - low) * tall

    made = []
    for y in ticks(low, high):
        at = place(left, y)[1]
        made.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        made.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x, text in [(x, f"{x:g}") for x in ticks(left, right)] if marks is None else marks:
        at = place(x, low)[0]
        made.append(
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{html.escape(str(text))}</text>'
        )
    for text, y in limits:
        at = place(left, y)[1]
        made.append(f'<line class="limit" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        made.append(f'<text class="limit" x="{LEFT + 4}" y="{at - 5:.1f}">{html.escape(text)}</text>')
    places = [place(x, y) for x, y, _, _ in points]
    if joined and len(places) > 1:
        made.append(f'<polyline class="series" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')
    for (x, y), (_, _, said, bad) in zip(places, points):
        kind = "dot bad" if bad else "dot"
        made.append(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{html.escape(said)}</title></circle>'
        )
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(label)}">{"".join(made)}</svg>'


def rows(cells, bad=()):
    """A table of HTML; the first row is its head, and ``bad`` are the numbers of rows in red."""
    lines = []
    for index, row in enumerate(cells):
        kind, style = ("td", ' class="bad"' if index in bad else "") if index else ("th", "")
        lines.append(f"<tr{style}>{''.join(f'<{kind}>{html.escape(str(cell))}</{kind}>' for cell in row)}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def page(title, body, badge="", bad=False):
    """A page of HTML."""
    mark = f' <span class="badge{" bad" if bad else ""}">{html.escape(badge)}</span>' if badge else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(f'{title}: {badge}' if badge else title)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(title)}{mark}</h1>{body}</html>\n"
    )
