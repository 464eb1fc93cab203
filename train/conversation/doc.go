// Package conversation turns files of private text and conversations into token
// shards with a mask: what fine-tuning learns is what the assistant says.
//
// A file has one JSON object a line, or is one JSON array of objects, or a Parquet
// file whose rows stand for such objects. Each is in one of the forms that such
// data is found in:
//
//	{"messages": [{"role": "user", "content": "..."}, ...], "tools": [...]}     OpenAI
//	{"conversations": [{"from": "human", "value": "..."}, ...]}                 ShareGPT
//	{"instruction": "...", "input": "...", "output": "..."}                     Alpaca; Dolly: context, response
//	{"prompt": "...", "completion": "..."}                                      the completion is learned
//	{"text": "..."}                                                             all of it is learned
//
// Pictures are parts of messages, in OpenAI's form or Hugging Face's, or belong to
// the whole object and stand where a text has <image>, as LLaVA has them:
//
//	{"type": "image_url", "image_url": {"url": "...", "detail": "low"}}
//	{"type": "image", "image": "..."}       or path, url, or bytes in base64
//	{"type": "image"}                       the next one of the object's images
//	{"image": "...", "conversations": [{"from": "human", "value": "<image>\nWhat is it?"}, ...]}
//	{"images": ["...", {"bytes": "...", "path": "..."}], "text": "... <image> ... <image> ..."}
//
// The name of a picture is a path, relative to the directory of the file that has
// it, or a data: URL. Shards have the pictures' files as they are, or the views that
// the tower sees of them if those have far fewer pixels. Documents of one
// "group", or else of one first picture, are on one side of a split.
//
// What is wrong with an object is an error with its line and field.
package conversation
