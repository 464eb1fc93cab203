// Package conversation turns files of private text and conversations into token
// shards with a mask: what fine-tuning learns is what the assistant says.
//
// A file has one JSON object a line, or is one JSON array of objects. Each is in
// one of the forms that such data is found in:
//
//	{"messages": [{"role": "user", "content": "..."}, ...], "tools": [...]}     OpenAI
//	{"conversations": [{"from": "human", "value": "..."}, ...]}                 ShareGPT
//	{"instruction": "...", "input": "...", "output": "..."}                     Alpaca; Dolly: context, response
//	{"prompt": "...", "completion": "..."}                                      the completion is learned
//	{"text": "..."}                                                             all of it is learned
//
// What is wrong with an object is an error with its line and field.
package conversation
