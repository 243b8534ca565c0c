"""How the pages look, in light and in dark."""

from __future__ import annotations

import base64
import hashlib

CSS = """
:root {
  color-scheme: light dark;
  --ground: #eef1f6; --card: #ffffff; --ink: #17202e; --soft: #51607a; --line: #d3dae5;
  --field: #ffffff; --edge: #77859c; --accent: #0b5cab; --on-accent: #ffffff; --hover: #094a8a;
  --note: #e8f1fb; --note-ink: #17395c; --alert: #fdeceb; --alert-ink: #8f1d14;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10151d; --card: #1a212c; --ink: #e8edf5; --soft: #a4b1c5; --line: #313c4d;
    --field: #121821; --edge: #71809a; --accent: #7ab8ff; --on-accent: #0a1a2c; --hover: #a3cdff;
    --note: #16283d; --note-ink: #c6defa; --alert: #3c1a19; --alert-ink: #ffb9b3;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; padding: 1rem; display: flex; flex-direction: column;
  align-items: center; justify-content: center; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main {
  width: 100%; max-width: 26rem; padding: 1.75rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .875rem; box-shadow: 0 1px 2px #0001, 0 12px 32px #0000000f;
}
.brand { margin: 0 0 1rem; display: flex; align-items: center; gap: .625rem; font-weight: 600; }
.tag { font-weight: 400; font-size: .8125rem; color: var(--soft); border: 1px solid var(--line);
  border-radius: 1rem; padding: 0 .5rem; }
.mark { width: 1.75rem; height: 1.75rem; border-radius: .5rem; background: var(--accent);
  color: var(--on-accent); display: grid; place-items: center; font-size: .9375rem; font-weight: 700; }
h1 { margin: 0 0 .5rem; font-size: 1.375rem; line-height: 1.25; letter-spacing: -.01em; }
p { margin: 0 0 .75rem; }
h1, p, li { overflow-wrap: anywhere; }
main > :last-child > :last-child { margin-bottom: 0; }
.soft { color: var(--soft); font-size: .875rem; }
.note, .alert { margin: 0 0 1.25rem; padding: .75rem .875rem; border-radius: .5rem; font-size: .875rem; }
.note { background: var(--note); color: var(--note-ink); }
.alert { background: var(--alert); color: var(--alert-ink); }
label { display: block; margin: 0 0 .25rem; font-size: .875rem; font-weight: 600; }
input[type=text], input[type=password] {
  width: 100%; margin: 0 0 1rem; padding: .625rem .75rem; font: inherit; color: inherit;
  background: var(--field); border: 1px solid var(--edge); border-radius: .5rem;
}
input.code, p.code { letter-spacing: .15em; text-align: center;
  font: 600 1.375rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
input.code { text-transform: uppercase; }
p.code { padding: .5rem; border: 1px dashed var(--edge); border-radius: .5rem; }
ul { list-style: none; margin: 0 0 1.25rem; padding: 0; border-top: 1px solid var(--line); }
li { padding: .5rem 0; border-bottom: 1px solid var(--line); }
li label { display: flex; gap: .625rem; align-items: flex-start; margin: 0; font-weight: 400;
  font-size: 1rem; }
li input { width: 1.125rem; height: 1.125rem; margin: .1875rem 0 0; flex: none;
  accent-color: var(--accent); }
li .soft { display: block; }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .875em; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; }
button {
  flex: 1 1 8rem; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .5rem;
}
button:hover { background: var(--hover); border-color: var(--hover); }
button.plain { color: var(--ink); background: transparent; border-color: var(--edge); }
button.plain:hover { background: var(--ground); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
footer { max-width: 26rem; margin: 1rem 0 0; text-align: center; color: var(--soft); font-size: .8125rem; }
"""

HASH = "sha256-" + base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()
"""What the security policy of a page knows the style by."""
