"""OpenAI's Python client, unchanged, against a Polymath server whose model is
the scripted one of fake_test.go. Usage: openai_client.py BASE_URL MODEL

Written for openai 3.x."""

import json
import sys

import openai
from openai import OpenAI

base, model = sys.argv[1:]
client = OpenAI(base_url=base, api_key="any", max_retries=0)


def ask(command, **more):
    return client.chat.completions.create(
        model=model,
        messages=[
            {"role": "system", "content": "be short"},
            {"role": "user", "content": [{"type": "text", "text": "say hi"}]},
            {"role": "assistant", "content": "hi"},
            {"role": "user", "content": command},
        ],
        **more,
    )


# Conversation.
answer = ask("say Hello, wörld", seed=7, temperature=0.5, max_completion_tokens=50, stop=["§"], user="me")
assert answer.choices[0].message.content == "Hello, wörld", answer
assert answer.choices[0].finish_reason == "stop"
assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
assert answer.usage.prompt_tokens_details.cached_tokens > 0
assert answer.system_fingerprint.startswith("fp_")
assert [c.message.content for c in ask("seed", seed=3, n=3).choices] == ["3/0", "3/1", "3/2"]

# Streaming.
text, usage, roles = "", None, 0
for chunk in ask("say Hello, wörld", stream=True, stream_options={"include_usage": True}):
    if chunk.usage:
        usage = chunk.usage
    for choice in chunk.choices:
        text += choice.delta.content or ""
        roles += choice.delta.role == "assistant"
assert text == "Hello, wörld" and roles == 1 and usage.completion_tokens == 12, (text, roles, usage)

# Log-probabilities.
answer = ask("say aé", logprobs=True, top_logprobs=2)
token = answer.choices[0].logprobs.content[1]
assert token.token == "é" and bytes(token.bytes).decode() == "é" and token.logprob == -0.5
assert [t.token for t in token.top_logprobs] == ["a", "b"]

# Tools, parallel ones, streamed with the client's own helper, and named.
tools = [{"type": "function", "function": {"name": "weather", "description": "d", "strict": True, "parameters": {
    "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}}}]
calls = 'call weather {"city":"Paris"} ; weather {"city":"Rome"}'
answer = ask(calls, tools=tools, parallel_tool_calls=True)
assert answer.choices[0].finish_reason == "tool_calls"
assert [json.loads(c.function.arguments)["city"] for c in answer.choices[0].message.tool_calls] == ["Paris", "Rome"]
follow = client.chat.completions.create(model=model, tools=tools, messages=[
    {"role": "user", "content": "weather?"}, answer.choices[0].message,
    {"role": "tool", "tool_call_id": answer.choices[0].message.tool_calls[0].id, "content": "21"},
    {"role": "tool", "tool_call_id": answer.choices[0].message.tool_calls[1].id, "content": "25"},
    {"role": "user", "content": "roles"}])
assert "tool:21{call_0}|tool:25{call_1}" in follow.choices[0].message.content, follow
with client.chat.completions.stream(model=model, tools=tools, messages=[{"role": "user", "content": calls}]) as stream:
    final = stream.get_final_completion()
assert [c.function.parsed_arguments["city"] for c in final.choices[0].message.tool_calls] == ["Paris", "Rome"], final
named = ask("x", tools=tools, tool_choice={"type": "function", "function": {"name": "weather"}})
assert named.choices[0].message.tool_calls[0].function.arguments == "{}"

# JSON Schema.
answer = ask("json", response_format={"type": "json_schema", "json_schema": {
    "name": "weather", "strict": True, "schema": {"type": "object", "properties": {"city": {"type": "string"}}}}})
assert json.loads(answer.choices[0].message.content)["city"] == "Paris"

# Fields of our own.
assert "Kind:3" in ask("options", extra_body={"guided_regex": "[a-z]+", "top_k": 5}).choices[0].message.content

# Completions, embeddings, models.
completion = client.completions.create(model=model, prompt=["say a", "say b"], logprobs=1, max_tokens=4)
assert [c.text for c in completion.choices] == ["a", "b"] and completion.choices[0].logprobs.tokens == ["a"]
vectors = client.embeddings.create(model=model, input=["a", "bc"])  # the client asks for base64
assert list(vectors.data[1].embedding) == [0, 0, 1, 0], vectors
vectors = client.embeddings.create(model=model, input=[1, 2, 3], encoding_format="float")
assert list(vectors.data[0].embedding) == [0, 0, 0, 1]
assert [m.id for m in client.models.list()] == [model]
assert client.models.retrieve(model).polymath["window"] == 1000

# Responses.
tool = {"type": "function", "name": "weather", "strict": True, "parameters": tools[0]["function"]["parameters"]}
response = client.responses.create(model=model, input='both hi ; weather {"city":"Paris"}', tools=[tool], store=False)
assert response.output_text == "hi" and response.output[1].arguments == '{"city":"Paris"}', response
items = [{"role": "user", "content": "x"}, *[i.model_dump(exclude_none=True) for i in response.output],
         {"type": "function_call_output", "call_id": response.output[1].call_id, "output": "21"}, {"role": "user", "content": "roles"}]
response = client.responses.create(model=model, input=items, tools=[tool])
assert "tool:21{call_0}" in response.output_text, response
with client.responses.stream(model=model, input='both hi ; weather {"city":"Paris"}', tools=[tool]) as stream:
    kinds = [event.type for event in stream]
    final = stream.get_final_response()
assert kinds[0] == "response.created" and kinds[-1] == "response.completed" and final.output_text == "hi", kinds
assert final.usage.total_tokens > 0


# Errors.
def fails(kind, code, call):
    try:
        call()
    except kind as e:
        assert e.code == code, e
    else:
        raise AssertionError(f"no {kind}")


fails(openai.BadRequestError, "context_length_exceeded", lambda: ask("x" * 2000))
fails(openai.BadRequestError, "unknown_parameter", lambda: ask("x", extra_body={"frobnicate": 1}))
fails(openai.BadRequestError, "unsupported_parameter", lambda: ask("x", reasoning_effort="low"))
fails(openai.BadRequestError, "unsupported_parameter", lambda: client.responses.create(model=model, input="x", previous_response_id="resp_1"))
fails(openai.NotFoundError, "model_not_found", lambda: client.models.retrieve("gpt-4"))
fails(openai.InternalServerError, "overloaded", lambda: ask("busy"))
try:
    for _ in ask("late broken", stream=True):
        pass
except openai.APIError as e:
    assert "model failed" in e.message, e
else:
    raise AssertionError("an error in the middle of a stream went unnoticed")

print("all good with openai", openai.__version__)
