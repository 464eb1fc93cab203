package chart

// PageStyle is the CSS of a page of charts: a header, facts, a grid of sections,
// samples, tables. It stands beside Style, whose colors it uses.
const PageStyle = `
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:24px;line-height:1.2;margin:0}
h2{font-size:15px;margin:0}
header{display:flex;gap:12px;align-items:baseline;flex-wrap:wrap;margin-bottom:20px}
.note,.state{color:var(--dim);font-size:13px;font-weight:400}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(130px,1fr));gap:18px 24px;margin:0 0 24px}
.facts dt{color:var(--dim);font-size:12px}
.facts dd{margin:0;font-size:20px;line-height:1.25;font-variant-numeric:tabular-nums}
.facts small{display:block;font-size:12px;color:var(--dim)}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(460px,100%),1fr));gap:16px}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0 0 16px;min-width:0}
.grid section{margin:0}.grid{margin-bottom:16px}
section h2{margin-bottom:8px}
pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace}
.sample{border-top:1px solid var(--line);padding:10px 0}.sample:first-of-type{border-top:0}
.sample b{color:var(--s1);font-weight:600}
table{border-collapse:collapse;width:100%;font-size:13px}
td,th{text-align:left;padding:3px 14px 3px 0;vertical-align:top}
td.hash{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
th{color:var(--dim);font-weight:400;white-space:nowrap;width:1%}
summary{cursor:pointer;color:var(--dim);font-size:13px}`
