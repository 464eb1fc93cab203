"""Writes the golden file of TestTransformers.

    go test ./model -run TestTransformers -save DIR     saves the test's models
    python transformers_logits.py DIR transformers.safetensors

transformers opens the directories as it would any other model, and computes the
logits of the test's tokens in fp32 and in bf16.
"""

import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file


def main():
    tensors, metadata = {}, {"transformers": transformers.__version__, "torch": torch.__version__}
    for directory in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        tokens = load_file(directory / "tokens.safetensors")["tokens"].long()[None]
        logits = {}
        for dtype in (torch.float32, torch.bfloat16):
            model, info = transformers.AutoModelForCausalLM.from_pretrained(
                directory, dtype=dtype, attn_implementation="eager", output_loading_info=True)
            for kind, names in info.items():
                if names:
                    sys.exit(f"{directory}: {kind}: {names}")
            with torch.no_grad():
                logits[dtype] = model(tokens).logits[0].float()
        exact, rounded = logits[torch.float32], logits[torch.bfloat16]
        tensors[directory.name] = exact.contiguous()
        metadata[directory.name] = repr(torch.linalg.vector_norm((rounded - exact).double()).item())
        print(type(model).__name__, "norm", exact.norm().item(), "bf16 error", metadata[directory.name])
    save_file(tensors, sys.argv[2], metadata=metadata)


main()
