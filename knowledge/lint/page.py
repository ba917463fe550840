"""The findings as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from itertools import groupby

from knowledge.lint.findings import SEVERITIES, Finding, Severity
from knowledge.lint.folder import Linted

PLURAL: dict[Severity, str] = {"severe": "severe", "warning": "warnings", "note": "notes"}
_MEANING = {
    "severe": "kept out of the answers until mended",
    "warning": "worth mending: answers may be wrong or missing",
    "note": "good to know",
}
_STYLE = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1c2128; --dim: #59636e;
  --line: #dfe3e8;
  --severe: #c62a2a; --warning: #a86400; --note: #2f6fb5; --good: #1f7a43; }
@media (prefers-color-scheme: dark) { :root { --back: #14171c; --card: #1d2127; --text: #e4e8ed;
  --dim: #98a2ae;
  --line: #323841; --severe: #ff7b72; --warning: #e3a63b; --note: #79b8ff; --good: #57c27d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
p.dim, .dim { color: var(--dim); } p { margin: .2rem 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem;
  margin: 1.25rem 0; }
.figure, .file, .chart { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .8rem 1rem; }
.figure b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.severe { color: var(--severe); } .warning { color: var(--warning); } .note { color: var(--note);
  } .good { color: var(--good); }
.row { display: grid; grid-template-columns: minmax(7rem, 11rem) 1fr; gap: .75rem; align-items: center;
  font-size: .87rem; line-height: 1.85; }
.bar { display: flex; align-items: center; gap: .5rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.bar i { display: block; height: 1rem; min-width: 3px; border-radius: 3px; background: currentColor; }
.bar b { font-weight: 400; color: var(--text); }
.file { margin: .6rem 0; } .file h3 { font-size: .95rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
ul { list-style: none; margin: 0; padding: 0; } li { padding: .45rem 0; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
.check { font-weight: 600; } .place { color: var(--dim); font-variant-numeric: tabular-nums;
  } .fix { color: var(--dim); }
"""


def lint_page(linted: Linted, made: datetime) -> str:
    """A self-contained page; everything that comes from documents is escaped."""
    return "\n".join(_page(linted, made)) + "\n"


def _page(linted: Linted, made: datetime) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Documents: what to mend</title><style>{_STYLE}</style></head><body><main>"
    yield "<h1>Documents: what to mend</h1>"
    when = made.strftime("%Y-%m-%d %H:%M")
    yield f'<p class="dim">{linted.documents:,} documents, {linted.words:,} words, looked at on {when}</p>'
    for notice in linted.notices:
        yield f'<p class="dim">{escape(notice)}</p>'
    yield '<div class="figures">'
    for severity in SEVERITIES:
        count = linted.count(severity)
        yield f'<div class="figure"><b class="{severity if count else "good"}">{count:,}</b>{PLURAL[severity]}</div>'
    clean = linted.documents - len({finding.source for finding in linted.findings})
    yield f'<div class="figure"><b class="good">{max(clean, 0):,}</b>documents without findings</div></div>'
    if linted.findings:
        yield from _chart(linted)
    else:
        yield "<p>Nothing to mend.</p>"
    for severity, findings in groupby(linted.findings, key=lambda finding: finding.severity):
        heading = f'{PLURAL[severity].capitalize()} <span class="dim">{_MEANING[severity]}</span>'
        yield f'<h2 class="{severity}">{heading}</h2>'
        for source, some in groupby(findings, key=lambda finding: finding.source):
            yield from _file(source, list(some))
    yield "</main></body></html>"


def _chart(linted: Linted) -> Iterator[str]:
    rows = linted.checks()
    most = max(count for _, _, count in rows)
    label = ", ".join(f"{check} {count}" for check, _, count in rows)
    yield f'<div class="chart" role="img" aria-label="{escape(label)}">'
    for check, severity, count in rows:
        share = 72 * count / most  # per cent of the width; the rest is for the number
        bar = f'<i style="width: {share:.1f}%"></i><b>{count:,} {severity if count == 1 else PLURAL[severity]}</b>'
        yield f'<div class="row"><span>{escape(check)}</span><span class="bar {severity}">{bar}</span></div>'
    yield "</div>"


def _file(source: str, findings: Sequence[Finding]) -> Iterator[str]:
    yield f'<section class="file"><h3>{escape(source)}</h3><ul>'
    for finding in findings:
        place = f"page {finding.page}" if finding.page else f"line {finding.line}" if finding.line else ""
        yield (
            f'<li><span class="check {finding.severity}">{escape(finding.check)}</span> '
            f'<span class="place">{place}</span><p>{escape(finding.reason)}</p>'
            f'<p class="fix">{escape(finding.fix)}</p></li>'
        )
    yield "</ul></section>"
