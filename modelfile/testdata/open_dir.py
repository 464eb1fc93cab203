"""Opens a model's directory as users of transformers do, for TestTransformers.

    python open_dir.py TEXT DIR...

Prints as JSON, one line for each: the tokens of TEXT, a conversation as the chat template has it,
the tokens that end a text, the type of the weights, and whether the
logits are finite.
"""

import json
import sys

import torch
import transformers

transformers.utils.logging.disable_progress_bar()
transformers.logging.set_verbosity_error()

text = sys.argv[1]
for path in sys.argv[2:]:
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype="auto")
    settings = transformers.GenerationConfig.from_pretrained(path)
    ids = tokenizer(text)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0, -1]
    chat = [{"role": "user", "content": "Hello"}]
    print(json.dumps({
        "ids": ids,
        "text": tokenizer.decode(ids, skip_special_tokens=True),
        "eos": tokenizer.eos_token_id,
        "ends": settings.eos_token_id,
        "chat": tokenizer.apply_chat_template(chat, tokenize=False) if tokenizer.chat_template else "",
        "dtype": str(model.dtype),
        "finite": bool(torch.isfinite(logits).all()),
    }))
