// Package preference reads what people prefer: prompts with two or more answers
// and which of them are better.
//
// Files have one JSON object a line, or are one JSON array of objects, or Parquet
// files whose rows stand for such objects; those whose names end in .gz or .zst are
// unpacked. Each object is in one of the forms that such data is found in:
//
//	{"prompt": ..., "chosen": ..., "rejected": ...}               two answers
//	{"chosen": [messages], "rejected": [messages]}                the prompt is what both begin with
//	{"chosen": "\n\nHuman: ...\n\nAssistant: ...", "rejected": ...}   the same as transcripts
//	{"prompt": ..., "answers": [...], "ranking": [2, 0, 1]}       answers by number, from 0, the best first
//	{"prompt": ..., "answers": [...], "ranks": [3, 1, 2]}         the place of each, 1 is the best
//	{"prompt": ..., "answers": [...], "scores": [0.5, 4, "2"]}    more is better
//	{"prompt": ..., "response_0": ..., "response_1": ..., "better_response_id": 1}
//	{"prompt": ..., "response1": ..., "response2": ..., "overall_preference": -2}   less than 0: the first
//	{"prompt": ..., "answer_0": ..., "answer_1": ..., "score_0": 1, "score_1": -1}
//	{"prompt": ..., "response_a": ..., "response_b": ..., "winner": "a"}   or conversation_a, conversation_b
//
// A prompt is a text, a transcript or a list of messages, and is called prompt,
// messages, conversations, question, instruction (with input and history), query or
// context; "system" and "tools" belong to it. Answers are texts, messages or whole
// conversations; a list of them may be called completions or responses too, and its
// elements may be objects that hold their own rank or score. "margin" says by how
// much an answer is better, and so do score_chosen and score_rejected.
//
// Equal ranks are a tie. Ties, identical answers and pairs that are there again are
// left out, and counted. What is wrong with an object is an error with file, line
// and field.
package preference
