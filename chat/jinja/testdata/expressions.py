"""Writes expressions_golden.json: what jinja2 prints for expressions.json.

    python expressions.py

Made with transformers 5.24.0 and jinja2 3.1.6: the environment is that of
apply_chat_template. What filters such as map return may be given to tojson, as
in llama.cpp; transformers itself has an error there.
"""
import datetime, inspect, json, os
from transformers.utils import chat_template_utils as c

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = datetime.datetime(2025, 3, 9, 14, 5, 7)
VARIABLES = dict(
    bos_token="<s>", eos_token="</s>", unk_token="<unk>", functions="[]", datetime="2025-03-09",
    strftime_now=NOW.strftime,
)


def serialize(value):
    if inspect.isgenerator(value):
        return list(value)
    raise TypeError(f"{value!r} is not JSON")


def compiled(source):
    template = c._compile_jinja_template(source)
    template.environment.filters["tojson"] = (
        lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
            x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys, default=serialize))
    return template


def main():
    out = []
    given = json.load(open(f"{HERE}/expressions.json"))
    variables = dict(VARIABLES, **given["variables"])
    for source in given["sources"]:
        try:
            out.append(dict(source=source, text=compiled(source).render(**variables)))
        except Exception as e:
            out.append(dict(source=source, error=str(e)))
    json.dump(out, open(f"{HERE}/expressions_golden.json", "w"), ensure_ascii=False, indent=0)


if __name__ == "__main__":
    main()
