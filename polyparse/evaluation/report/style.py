"""How the evaluation report looks, in light and in dark; no fonts, images or rules from elsewhere."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f7f7f5; --card: #ffffff; --ink: #1d2126; --soft: #59626d; --line: #dcdfe3;
  --accent: #1f5fa8; --bar: #b9d3ef; --track: #eef2f6;
  --right: #d5ecd9; --right-line: #2f7d43; --wrong: #fbdfd9; --wrong-line: #b3361b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a; --card: #1c2024; --ink: #e7eaed; --soft: #a3adb8; --line: #343a41;
    --accent: #8bbcf2; --bar: #2f5580; --track: #232a31;
    --right: #1f4029; --right-line: #7cc48e; --wrong: #51261d; --wrong-line: #f3957f;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body {
  margin: 0 auto; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 76rem;
  background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
h1 { margin: 0; font-size: clamp(1.6rem, 4vw, 2.3rem); line-height: 1.15; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 .8rem; font-size: 1.3rem; }
h3 { margin: 0; font-size: 1.05rem; font-family: ui-monospace, "SF Mono", Consolas, monospace; }
p { margin: 0 0 .8rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.kicker { margin: 0 0 .3rem; color: var(--soft); font-size: .85rem; letter-spacing: .06em; text-transform: uppercase; }
.scope { margin: .4rem 0 1.2rem; color: var(--soft); }
.note { color: var(--soft); font-size: .9rem; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 0 0 1.2rem; }
.tiles div { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.tiles dt { color: var(--soft); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.75rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.25; }
.tiles div:first-child { border-color: var(--accent); box-shadow: inset 0 3px 0 var(--accent); }
nav ul { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; margin: 0; padding: 0; list-style: none; }

section {
  margin-top: 1.6rem; padding: 1.4rem clamp(1rem, 2.5vw, 1.6rem) 1.2rem;
  background: var(--card); border: 1px solid var(--line); border-radius: .8rem;
}
.scroll { overflow: auto; max-height: 42rem; margin-bottom: .8rem; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .92rem; }
caption { padding-bottom: .5rem; color: var(--soft); font-size: .9rem; text-align: start; }
th, td { padding: .32rem .7rem; border-bottom: 1px solid var(--line); text-align: start; vertical-align: baseline; }
thead th {
  position: sticky; top: 0; z-index: 1; background: var(--card); border-bottom: 2px solid var(--line);
  color: var(--soft); font-weight: 600; vertical-align: bottom;
}
tbody th { font-weight: 550; white-space: nowrap; }
td.text { min-width: 8rem; }
tbody tr:hover > * { background-color: color-mix(in srgb, var(--bar) 22%, transparent); }
tfoot > tr > * { border-bottom: 0; border-top: 2px solid var(--line); font-weight: 700; }
.number, .share, .rate { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead .number, thead .share, thead .rate { white-space: normal; }
td.share[style] {
  width: 9rem; min-width: 6.5rem;
  background-image: linear-gradient(var(--bar), var(--bar)), linear-gradient(var(--track), var(--track));
  background-size: calc(var(--share) * (100% - 4.9rem)) 60%, calc(100% - 4.9rem) 60%;
  background-position: .7rem 50%; background-repeat: no-repeat;
}

.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .4rem 1.6rem; }
.figures { margin: 0 0 .8rem; }
.reliability { margin: 0; max-width: 21rem; }
.reliability svg { display: block; width: 100%; height: auto; }
.reliability figcaption { color: var(--soft); font-size: .9rem; text-align: center; }
.reliability figcaption b { color: var(--ink); font-weight: 600; }
.reliability text { fill: var(--soft); font-size: 11px; }
.reliability line { stroke: var(--line); stroke-width: 1; }
.reliability line.true { stroke: var(--soft); stroke-dasharray: 4 3; }
.reliability line.gap { stroke: var(--wrong-line); stroke-width: 2; }
.reliability .found { fill: none; stroke: var(--accent); stroke-width: 1.5; opacity: .55; }
.reliability circle { fill: var(--accent); }

details { margin-top: .4rem; color: var(--soft); font-size: .9rem; }
summary { cursor: pointer; }
details dl { margin: .5rem 0 0; }
details dt { font-weight: 600; color: var(--ink); }
details dd { margin: 0 0 .4rem; }

article { padding: 1rem 0 .4rem; border-top: 1px solid var(--line); }
article .note { margin-bottom: .5rem; }
.case { display: grid; grid-template-columns: 4.2rem 1fr; margin: 0 0 .7rem; }
.case .locale { margin: 0; padding-top: .15rem; color: var(--soft); font-size: .85rem; }
.case dl { display: grid; grid-template-columns: 3.2rem 1fr; gap: .1rem .6rem; margin: 0; }
.case dt { padding-top: .15rem; color: var(--soft); font-size: .85rem; }
.case dd { margin: 0; line-height: 1.9; }
.utterance { display: block; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
td .utterance { display: inline; }
mark {
  padding: .1rem .3rem .15rem; border-radius: .3rem; border: 1.5px solid transparent; color: inherit;
  unicode-bidi: isolate; -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
mark.right { background: var(--right); border-color: var(--right-line); }
mark.wrong { background: var(--wrong); border-color: var(--wrong-line); border-style: dashed; }
.name {
  margin-inline-start: .1rem; color: var(--soft); font-size: .75rem; unicode-bidi: isolate;
  font-family: ui-monospace, "SF Mono", Consolas, monospace;
}
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
mark .name { color: inherit; opacity: .85; }

.facts { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .3rem 1.4rem; margin: 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .facts, .case, .case dl { grid-template-columns: 1fr; }
  .facts dd { margin-bottom: .4rem; }
}
@media print { .scroll { max-height: none; overflow: visible; } section { break-inside: auto; } nav { display: none; } }
"""
