package sandboxprovider

// pageStyle is the challenge page's style sheet.
const pageStyle = `
:root { color-scheme: light dark; --ink: #1c1f24; --soft: #59606b; --paper: #f4f5f7; --card: #fff; --line: #d5d9e0; --go: #12633d; --stop: #a3271f }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eceef1; --soft: #a8b0bc; --paper: #14161a; --card: #1e2127; --line: #3a404a; --go: #1f7a4d; --stop: #b53a31 }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
main { width: 100%; max-width: 26rem; padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: 1rem }
h1 { margin: 0 0 .5rem; font-size: 1.25rem; line-height: 1.3 }
p { margin: 0 0 1rem; overflow-wrap: anywhere }
.soft { color: var(--soft); font-size: .875rem }
.amount { font-size: 2rem; font-weight: 650; font-variant-numeric: tabular-nums; line-height: 1.2 }
form { display: grid; gap: .75rem; margin: 1.5rem 0 }
button { min-height: 3rem; padding: .5rem 1rem; border: 0; border-radius: .6rem; font: inherit; font-weight: 600; color: #fff;
  background: var(--go); cursor: pointer }
button.stop { background: var(--stop) }
button:hover { filter: brightness(1.1) }
a { color: inherit }
:focus-visible { outline: 3px solid currentColor; outline-offset: 3px }
button:focus-visible { outline-color: var(--ink) }
`

// pageText is the challenge page. It has no script.
const pageText = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}} · Sandbox bank</title>
<style>{{.Style}}</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
{{- if .Amount}}
<p class="amount">{{.Amount}} {{.CurrencyCode}}</p>
{{- end}}
<p{{if not .Open}} role="status"{{end}}>{{.Text}}</p>
{{- if .Open}}
<form method="post">
<button name="result" value="pass">Approve the payment</button>
<button name="result" value="fail" class="stop">Fail the challenge</button>
</form>
{{- end}}
{{- if .ReturnURL}}
<p><a href="{{.ReturnURL}}">Back to the shop</a></p>
{{- end}}
<p class="soft">This is a simulated bank. No money moves.{{if .IntentID}} Payment {{.IntentID}}.{{end}}</p>
</main>
</body>
</html>
`
