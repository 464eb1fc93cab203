"""Renders conversations with templates as transformers does.

    python golden.py                     writes golden.json for templates/ and ../default.jinja,
                                         and images/golden.json for images/ and ../default.jinja
    python golden.py DATA                writes data_golden.tsv for the .jinja files
                                         in DATA/io_llamacpp/models/templates

Made with transformers 5.24.0 and jinja2 3.1.6, in the environment of
../jinja/testdata/expressions.py. Arguments of calls are passed as dicts, and as
JSON text where a template wants that.
"""
import glob, hashlib, json, os, sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../jinja/testdata")
from expressions import VARIABLES, c, compiled


def render(source, conversation, prompt):
    template = compiled(source)
    messages = json.loads(json.dumps(conversation["messages"]))
    args = dict(VARIABLES, tools=conversation.get("tools"), documents=None, add_generation_prompt=prompt)

    def once():
        text, spans = c._render_with_assistant_indices(
            compiled_template=template, messages=messages, **args)
        return {"text": text, "spans": [list(s) for s in spans]}

    try:
        return once()
    except TypeError:
        for m in messages:
            for call in m.get("tool_calls") or []:
                call["function"]["arguments"] = json.dumps(call["function"]["arguments"], ensure_ascii=False)
        try:
            return once()
        except Exception as e:
            return {"error": str(e)}
    except Exception as e:
        return {"error": str(e)}


def cases(source):
    for conversation in json.load(open(f"{HERE}/conversations.json")):
        for prompt in (False, True):
            yield conversation["name"], prompt, render(source, conversation, prompt)


def own():
    out = []
    for path in sorted(glob.glob(f"{HERE}/templates/*.jinja")) + [f"{HERE}/../default.jinja"]:
        for name, prompt, result in cases(open(path).read()):
            out.append(dict(template=os.path.basename(path), conversation=name, prompt=prompt, **result))
    json.dump(out, open(f"{HERE}/golden.json", "w"), ensure_ascii=False, indent=0)


def images():
    """Conversations with pictures, which are the empty strings; content is always a list."""
    out = []
    for path in sorted(glob.glob(f"{HERE}/images/*.jinja")) + [f"{HERE}/../default.jinja"]:
        for conversation in json.load(open(f"{HERE}/images/conversations.json")):
            messages = [
                dict(m, content=[{"type": "text", "text": t} if t else {"type": "image"} for t in m["content"]])
                for m in conversation["messages"]]
            for prompt in (False, True):
                result = render(open(path).read(), dict(messages=messages), prompt)
                out.append(dict(template=os.path.basename(path), conversation=conversation["name"], prompt=prompt, **result))
    json.dump(out, open(f"{HERE}/images/golden.json", "w"), ensure_ascii=False, indent=0)


def data(folder):
    with open(f"{HERE}/data_golden.tsv", "w") as f:
        f.write("# transformers 5.24.0, jinja2 3.1.6: template, conversation, prompt, SHA-256 of the text or error\n")
        for path in sorted(glob.glob(f"{folder}/io_llamacpp/models/templates/*.jinja")):
            for name, prompt, result in cases(open(path).read()):
                digest = "error" if "error" in result else hashlib.sha256(result["text"].encode()).hexdigest()
                f.write("\t".join([os.path.basename(path), name, str(prompt).lower(), digest]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        data(sys.argv[1])
    else:
        own()
        images()
