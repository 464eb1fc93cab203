(function () {
  "use strict";
  var browser = document.getElementById("browser");
  if (!window.DecompressionStream) {
    browser.hidden = false;
    browser.textContent = "This browser cannot unpack the items. They are in records.jsonl as well.";
    return;
  }
  var page = 50, texts = ["wrong", "right", "declined", "no verdict", "measured"], signs = ["\u2717", "\u2713", "\u2013", "!", "\u2022"];
  var classes = ["wrong", "right", "other", "other", "other"];
  var chunkNodes = document.querySelectorAll("script.chunk"), cache = new Map();
  var index, matches = [], first = 0, turn = 0, timer;

  // unpack makes the value of a script element: JSON, compressed, in base64.
  function unpack(node) {
    var raw = atob(JSON.parse(node.textContent)), bytes = new Uint8Array(raw.length);
    for (var i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text().then(JSON.parse);
  }
  // chunk is a promise of some items; a few are kept.
  function chunk(n) {
    var got = cache.get(n) || unpack(chunkNodes[n]);
    cache.delete(n);
    cache.set(n, got);
    if (cache.size > 24) cache.delete(cache.keys().next().value);
    return got;
  }
  function el(name, attributes, children) {
    var e = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (k) { e.setAttribute(k, attributes[k]); });
    [].concat(children === undefined ? [] : children).forEach(function (c) { e.append(c); });
    return e;
  }
  function option(value, text) { return el("option", {value: value}, text); }
  function field(name, control, cls) { return el("label", cls ? {class: cls} : {}, [name, control]); }
  function percent(p) { return (100 * p).toFixed(p > 0 && p < 0.01 ? 2 : 1) + "%"; }
  function probability(logprob) { return logprob === null ? null : Math.exp(logprob); }

  var task = el("select"), section = el("select"), verdict = el("select"), search = el("input", {type: "search", placeholder: "in prompt, answer, reason"});
  var count = el("span", {role: "status", "aria-live": "polite"}), list = el("ol", {class: "list"});
  var before = el("button", {type: "button"}, "\u2190 previous"), after = el("button", {type: "button"}, "next \u2192");

  function setup(data) {
    index = data;
    task.append(option("", "all"));
    index.tasks.forEach(function (t, i) { task.append(option(i, t.title)); });
    section.append(option("", "all"));
    var seen = {};
    index.items.forEach(function (x) { seen[x[4]] = true; if (x[6]) seen.found = true; });
    verdict.append(option("", "all"));
    texts.forEach(function (t, i) { if (seen[i]) verdict.append(option("a" + i, t)); });
    if (seen.found) verdict.append(option("found", "found in the corpus"));
    if (index.models.length > 1) {
      verdict.append(option("onlyA", "right in " + index.models[0] + " only"), option("onlyB", "right in " + index.models[1] + " only"),
        option("both", "right in both"), option("neither", "right in neither"));
    }
    var form = el("form", {class: "filter", role: "search", "aria-label": "Filter of the items"}, [
      field("task", task), field("section", section), field("verdict", verdict), field("text", search, "text")]);
    form.addEventListener("submit", function (e) { e.preventDefault(); filter(); });
    [section, verdict].forEach(function (s) { s.addEventListener("change", filter); });
    task.addEventListener("change", function () { sections(); filter(); });
    search.addEventListener("input", function () { clearTimeout(timer); timer = setTimeout(filter, 300); });
    before.addEventListener("click", function () { show(first - page); });
    after.addEventListener("click", function () { show(first + page); });
    browser.append(form, el("div", {class: "pager"}, [before, count, after]), list);
    browser.hidden = false;
    sections();
    filter();
  }
  // sections offers those of the chosen task.
  function sections() {
    var has = new Set();
    index.items.forEach(function (x) { if (x[1] >= 0 && String(x[0]) === task.value) has.add(x[1]); });
    section.replaceChildren(option("", "all"));
    has.forEach(function (i) { section.append(option(i, index.sections[i])); });
    section.parentElement.hidden = has.size < 2;
  }
  function fits(x) {
    var v = verdict.value;
    if (task.value !== "" && x[0] !== +task.value) return false;
    if (section.value !== "" && x[1] !== +section.value) return false;
    if (v === "") return true;
    if (v === "found") return x[6] === 1;
    if (v[0] === "a") return x[4] === +v[1];
    if (x[5] < 0) return false;
    return (x[4] === 1) === (v === "onlyA" || v === "both") && (x[5] === 1) === (v === "onlyB" || v === "both");
  }
  // filter finds what fits; texts are looked for chunk by chunk, until another filter begins.
  async function filter() {
    clearTimeout(timer); // of a search, whose text is looked for now
    var mine = ++turn, words = search.value.trim().toLowerCase(), rows = index.items.filter(fits);
    matches = rows;
    list.setAttribute("aria-busy", "true");
    if (words === "") { show(0); return; }
    matches = [];
    var shown = false, n = -1, items;
    for (var i = 0; i < rows.length; i++) {
      if (rows[i][2] !== n) {
        n = rows[i][2];
        items = await (cache.get(n) || unpack(chunkNodes[n]));
        if (mine !== turn) return;
        count.textContent = "searching: " + percent(i / rows.length) + ", " + number(matches.length) + " found";
      }
      if (hay(items[rows[i][3]]).includes(words)) {
        matches.push(rows[i]);
        if (!shown && matches.length >= page) { shown = true; await show(0); if (mine !== turn) return; }
      }
    }
    await show(0);
  }
  function hay(item) {
    return [item].concat(item.b || []).map(function (a, i) {
      var x = i ? a : item.a;
      return [x.p, x.t, x.x, x.w, x.e].concat(x.u || []).join("\n");
    }).concat(item.i, item.p, item.g || "", (item.a.c || []).map(function (c) { return c[0]; })).join("\n").toLowerCase();
  }
  async function show(from) {
    var mine = turn;
    first = Math.max(0, Math.min(from, Math.max(0, matches.length - 1)));
    first -= first % page;
    var rows = matches.slice(first, first + page), nodes = [];
    for (var i = 0; i < rows.length; i++) {
      var items = await chunk(rows[i][2]);
      if (mine !== turn) return;
      nodes.push(row(rows[i], items[rows[i][3]]));
    }
    list.replaceChildren.apply(list, nodes);
    var n = matches.length;
    count.textContent = n === 0 ? "nothing fits" : number(first + 1) + " to " + number(first + rows.length) + " of " + number(n);
    before.disabled = first === 0;
    after.disabled = first + page >= n;
    list.removeAttribute("aria-busy");
  }
  function mark(v) { return el("span", {class: "verdict " + classes[v]}, signs[v] + " " + texts[v]); }
  // tail is the end of the prompt, where the question is.
  function tail(prompt) {
    var parts = prompt.trim().split(/\n\s*\n/), last = parts[parts.length - 1].replace(/\s+/g, " ");
    return last.length > 12 || parts.length < 2 ? last : parts[parts.length - 2].replace(/\s+/g, " ") + " " + last;
  }
  function said(a) { return a.m ? "" : a.t.trim().replace(/\s+/g, " ").slice(0, 300) || "\u2013"; }
  function row(x, item) {
    var marks = el("span", {}, mark(x[4]));
    if (x[5] >= 0) marks.append(el("br"), mark(x[5]));
    var where = index.tasks[x[0]].title + (x[1] >= 0 ? ", " + index.sections[x[1]] : "");
    var d = el("details", {}, el("summary", {}, [marks, el("span", {class: "q"}, tail(item.p)), el("span", {class: "got"}, [item.a].concat(item.b || []).map(said).join(" / "))]));
    d.addEventListener("toggle", function () {
      if (d.open && d.childElementCount === 1) {
        d.append(full(item, where, index.tasks[x[0]].norm));
        // The question stands at the end.
        d.querySelectorAll("pre.prompt").forEach(function (p) { p.scrollTop = p.scrollHeight; });
      }
    });
    return el("li", {}, d);
  }
  function text(name, value, cls) {
    var pre = el("pre", {tabindex: "0", "aria-label": name}, value);
    if (cls) pre.className = cls;
    return el("div", {}, [el("h4", {}, name), pre]);
  }
  function full(item, where, norm) {
    var out = el("div", {class: "item"});
    var about = where + " \u00b7 " + item.i + " \u00b7 number " + item.n + (item.s ? " \u00b7 answer " + (item.s + 1) : "") + (item.cl ? " \u00b7 cluster " + item.cl : "") + (item.l ? " \u00b7 " + item.l : "");
    out.append(el("small", {}, about));
    if (item.f) out.append(el("p", {class: "warn"}, "Found in the corpus" + (item.f.length ? ": " + item.f.join("; ") : ".")));
    var missed = unseen(item);
    out.append(text("prompt" + (missed ? ", " + missed : ""), item.p, "prompt"));
    if (item.g) out.append(text("right", item.g));
    var answers = el("div", {class: "answers"});
    [item.a].concat(item.b || []).forEach(function (a, i) { answers.append(answer(a, item, i, norm)); });
    out.append(answers);
    return out;
  }
  // unseen says how much of the prompt did not fit into the window of which model.
  function unseen(item) {
    return [item.a].concat(item.b || []).map(function (a, i) {
      return a.q[2] ? "the first " + number(a.q[2], "token") + " not seen" + (item.b ? " by " + index.models[i] : "") : "";
    }).filter(Boolean).join(", ");
  }
  function number(n, word) { return n.toLocaleString("en") + (word ? " " + word + (n === 1 ? "" : "s") : ""); }
  function answer(a, item, i, norm) {
    var out = el("div");
    if (index.models.length > 1) out.append(el("h3", {}, index.models[i]));
    if (a.p) out.append(text("its prompt", a.p, "prompt"));
    (a.u || []).forEach(function (t) { out.append(text("said before", t)); });
    if (a.c) out.append(choices(a, item, norm));
    if (a.T) out.append(tokens(a)); else if (!a.c && !a.m) out.append(text("answer", a.t));
    var lines = [];
    if (a.m) lines.push(["log-probability", a.m[0].toFixed(2)], ["bits per byte", (-a.m[0] / Math.LN2 / a.m[2]).toFixed(4)], ["size", number(a.m[1], "token") + ", " + number(a.m[2], "byte")]);
    else if (a.e) lines.push(["no verdict", a.e]);
    else {
      lines.push(["score", String(a.s)]);
      if (a.x) lines.push(["taken for the answer", a.x]);
      if (a.w) lines.push(["why", a.w]);
    }
    if (a.o) lines.push(["score by norm", Object.keys(a.o).map(function (k) { return k + " " + a.o[k]; }).join(", ")]);
    if (a.k !== undefined && a.k !== null) lines.push(["confidence", percent(a.k)]);
    lines.push(["tokens", number(a.q[0]) + " read, " + number(a.q[1]) + " written" + (a.q[2] ? ", " + number(a.q[2]) + " cut" : "")]);
    out.append(el("table", {class: "pairs"}, lines.map(function (l) { return el("tr", {}, [el("th", {scope: "row"}, l[0]), el("td", {}, l[1])]); })));
    return out;
  }
  // normed is the score of a choice by which the task takes the best one.
  function normed(c, norm) {
    if (c[1] === null) return -Infinity;
    if (norm === "tokens") return c[1] / Math.max(1, c[2]);
    if (norm === "bytes") return c[1] / Math.max(1, c[3]);
    return norm === "unconditional" ? c[1] - c[4] : c[1];
  }
  // choices shows the share that each has of all, under the norm of the task: that of
  // the chosen one is the confidence.
  function choices(a, item, norm) {
    var scores = a.c.map(function (c) { return normed(c, norm); }), most = Math.max.apply(null, scores), sum = 0;
    var weight = scores.map(function (v) { var w = isFinite(most) ? Math.exp(v - most) : 0; sum += w; return w; });
    var by = {tokens: "share, per token", bytes: "share, per byte", unconditional: "share, less without the question"}[norm] || "share";
    var head = ["choice", by, "", "log-probability", "per token", "per byte"].map(function (h, i) { return el(h ? "th" : "td", i > 2 || i === 1 ? {class: "r", scope: "col"} : h ? {scope: "col"} : {class: "bar"}, h); });
    var rows = a.c.map(function (c, i) {
      var share = sum ? weight[i] / sum : 0, chosen = c[0] === a.t;
      var name = (item.g === c[0] ? "\u2713 " : "") + (chosen ? "\u25b8 " : "") + c[0];
      var cell = function (v) { return el("td", {class: "r"}, v === null || !isFinite(v) ? "\u2013" : v.toFixed(2)); };
      return el("tr", chosen ? {class: "chosen"} : {}, [el("td", {}, name), el("td", {class: "r"}, percent(share)), el("td", {class: "bar"}, bar(share)),
        cell(c[1]), cell(c[1] / c[2]), cell(c[1] / c[3])]);
    });
    return el("div", {}, [el("h4", {}, "choices (\u2713 right, \u25b8 chosen)"), el("div", {class: "scroll"}, el("table", {class: "choices"}, [el("thead", {}, el("tr", {}, head)), el("tbody", {}, rows)]))]);
  }
  function bar(share) {
    var ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg");
    svg.setAttribute("aria-hidden", "true");
    ["rest", ""].forEach(function (cls) {
      var r = document.createElementNS(ns, "rect");
      r.setAttribute("class", cls);
      r.setAttribute("width", cls ? "100%" : percent(share));
      r.setAttribute("height", "10");
      svg.append(r);
    });
    return svg;
  }
  function tokens(a) {
    var pre = el("pre", {class: "tok", tabindex: "0", "aria-label": "answer, token by token"});
    a.T.forEach(function (t) {
      var p = probability(t[1]);
      var level = p === null ? 0 : p > 0.9 ? 0 : p > 0.6 ? 1 : p > 0.3 ? 2 : p > 0.1 ? 3 : 4;
      pre.append(el("span", {class: "t" + level, title: JSON.stringify(t[0]) + (p === null ? "" : ": probability " + percent(p))}, t[0]));
    });
    var legend = el("p", {class: "legend"}, ["probability of each token: ", el("span", {class: "t0"}, "over 90%"), el("span", {class: "t1"}, "over 60%"),
      el("span", {class: "t2"}, "over 30%"), el("span", {class: "t3"}, "over 10%"), el("span", {class: "t4"}, "less")]);
    return el("div", {}, [el("h4", {}, "answer"), pre, legend]);
  }

  // What is closed is printed as well, but for the items and the lists of documents.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = [].filter.call(document.querySelectorAll("main details:not(.list details, #contamination details)"), function (d) { return !d.open; });
    opened.forEach(function (d) { d.open = true; });
  });
  window.addEventListener("afterprint", function () { opened.forEach(function (d) { d.open = false; }); });

  unpack(document.getElementById("index")).then(setup).catch(function (e) {
    browser.hidden = false;
    browser.textContent = "The items cannot be unpacked: " + e.message + ". They are in records.jsonl as well.";
  });
})();
