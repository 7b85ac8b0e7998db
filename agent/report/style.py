"""How a report looks, on a screen and on A4: the only style sheet of its page, within it.

Nothing is told by colour alone: shapes, dashes, brackets and words say it, too.
"""

from __future__ import annotations

CSS = """
@page { size: A4; margin: 14mm 13mm 16mm; }
* { box-sizing: border-box; }
html { color: #14212b; background: #fff; font: 15px/1.5 "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans",
 "Noto Sans KR", "Noto Sans CJK KR", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic", sans-serif; }
body { max-width: 52rem; margin: 0 auto; padding: 1.2rem; overflow-wrap: break-word; word-break: keep-all; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; }
h2 { font-size: 1.25rem; margin: 2rem 0 .2rem; padding-top: .8rem; border-top: 3px solid #14212b; }
h3 { font-size: 1.02rem; margin: 1.5rem 0 .4rem; }
p { margin: .3rem 0; }
.quiet { color: #4a5a66; font-size: .9rem; }
.said { border: 2px solid #14212b; border-left-width: 10px; padding: .6rem .9rem; margin: .7rem 0; }
.said .title { font-size: 1.2rem; font-weight: 700; }
.said .state { font-weight: 700; }
.said.fault { border-color: #a1201a; }
.said.abnormal { border-color: #8a5200; border-style: double; border-left-width: 12px; border-top-width: 4px;
 border-right-width: 4px; border-bottom-width: 4px; }
.said.healthy { border-color: #1b6b3a; }
.said.not_named, .said.not_judged { border-color: #4a5a66; border-style: dashed; }
.asks { border-left: 4px dotted #14212b; padding: .1rem .7rem; margin: .5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; margin: .3rem 0; }
th, td { text-align: left; vertical-align: top; padding: .22rem .5rem .22rem 0; border-bottom: 1px solid #c6ced4; }
thead th { border-bottom: 2px solid #14212b; }
tbody th { font-weight: 400; }
.facts tbody th { width: 30%; color: #4a5a66; }
.group th { padding-top: .6rem; font-weight: 700; }
.figures td:nth-child(3), .figures td:nth-child(5) { white-space: nowrap; }
.hash { font-family: "DejaVu Sans Mono", Consolas, Menlo, monospace; font-size: .78rem; word-break: break-all; }
figure { margin: .9rem 0 0; }
figcaption { font-size: .82rem; color: #3b4a55; }
figcaption b { color: #14212b; }
.wide { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 36rem; height: auto; }
.caution::first-letter { text-transform: uppercase; }
svg text, svg tspan { font-size: 11px; fill: #14212b; }
.tick { text-anchor: middle; fill: #3b4a55; }
.tick.up { text-anchor: end; }
svg .tick.start { text-anchor: start; font-size: 9.5px; }
svg .raised { font-size: 8px; }
.axis { text-anchor: middle; }
.label.end { text-anchor: end; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
.mark { text-anchor: middle; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
.mark.finding { font-weight: 700; }
.mark.background, .mark.other { fill: #4a5a66; font-style: italic; }
.grid { stroke: #e3e8eb; stroke-width: 1; }
.box { fill: none; stroke: #6b7882; stroke-width: 1; }
.curve { fill: none; stroke: #1f4e79; stroke-width: 1; stroke-linejoin: round; }
.dot { fill: #1f4e79; }
.band { fill: #d5e3ef; }
.limit { stroke: #14212b; stroke-width: 1.3; stroke-dasharray: 7 4; }
.leader { stroke: #6b7882; stroke-width: .8; }
.leader.background { stroke-dasharray: 2 2; }
.peak { stroke: #14212b; stroke-width: 1.2; fill: #fff; }
.peak.finding { fill: #a1201a; stroke: #a1201a; }
.column { fill: #f4d9a8; }
.place { stroke: #14212b; stroke-width: .7; }
.place.shaft { fill: #14212b; }
.place.bearing { fill: #e0a030; }
.place.mains { fill: #fff; stroke-dasharray: 2 1.5; }
.unjudged { fill: #d4dade; }
@media print {
 html { font-size: 10.5pt; }
 body { max-width: none; padding: 0; }
 h2 { break-before: page; border-top: 0; padding-top: 0; margin-top: 0; }
 .first h2 { break-before: auto; margin-top: .8rem; }
 h3 { break-after: avoid; }
 figure, tr, .said, .asks { break-inside: avoid; }
 .wide { overflow: visible; }
 svg { min-width: 0; }
 thead { display: table-header-group; }
 a { color: inherit; text-decoration: none; }
 * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
