"""Opens a model that sees as users of transformers do, for TestTransformersSees.

    python open_seeing.py DIR TEXT

TEXT has <image> where a picture of the tower's own size goes, of bytes that count
up. Prints as JSON the tokens, the patches of the picture, and whether the logits
are finite.
"""

import json
import sys

import torch
import torch.nn.functional as F
import transformers
from PIL import Image

transformers.utils.logging.disable_progress_bar()
transformers.logging.set_verbosity_error()

path, text = sys.argv[1:]
processor = transformers.AutoProcessor.from_pretrained(path)
model = transformers.AutoModelForImageTextToText.from_pretrained(path, dtype=torch.float32)
size, side = model.config.vision_config.image_size, model.config.vision_config.patch_size
picture = Image.frombytes("RGB", (size, size), bytes(7 * i % 256 for i in range(3 * size * size)))
inputs = processor(text=text, images=picture, return_tensors="pt")
with torch.no_grad():
    logits = model(**inputs).logits
patches = F.unfold(inputs["pixel_values"], side, stride=side).transpose(1, 2)
print(json.dumps({
    "ids": inputs["input_ids"][0].tolist(), "patches": patches.flatten().tolist(), "finite": bool(torch.isfinite(logits).all()),
}))
