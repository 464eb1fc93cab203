"""Writes the golden file of TestTransformers.

    go test ./model -run TestTransformers -save DIR     saves the test's model
    python transformers_logits.py DIR transformers.safetensors

transformers opens the directory as it would any other model, and computes the
logits of the test's tokens in fp32 and in bf16.
"""

import sys

import torch
import transformers
from safetensors.torch import load_file, save_file


def main():
    directory, out = sys.argv[1:]
    tokens = load_file(directory + "/tokens.safetensors")["tokens"].long()[None]
    logits = {}
    for dtype in (torch.float32, torch.bfloat16):
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            directory, dtype=dtype, attn_implementation="eager", output_loading_info=True)
        for kind, names in info.items():
            if names:
                sys.exit(f"{kind}: {names}")
        with torch.no_grad():
            logits[dtype] = model(tokens).logits[0].float()
    exact, rounded = logits[torch.float32], logits[torch.bfloat16]
    error = torch.linalg.vector_norm((rounded - exact).double()).item()
    save_file({"logits": exact.contiguous()}, out, metadata={
        "transformers": transformers.__version__, "torch": torch.__version__, "error": repr(error)})
    print(type(model).__name__, "norm", exact.norm().item(), "bf16 error", error)


main()
