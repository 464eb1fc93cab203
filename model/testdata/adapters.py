"""Writes the golden files of TestPEFT.

    go test ./model -run TestPEFT -save DIR     saves the test's models and adapters
    python adapters.py DIR .                        from this directory

PEFT opens each adapter as it would any other, and computes the logits of the
test's tokens and the gradients of their mean cross-entropy. Then it makes an
adapter of its own, on the last layer only, and computes the logits with that.
Each in fp32 and in bf16, which says what error is to be expected.
"""

import json
import pathlib
import shutil
import sys

import peft
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file, save_file


def base(directory, dtype):
    return transformers.AutoModelForCausalLM.from_pretrained(directory, dtype=dtype, attn_implementation="eager")


def run(model, tokens, gradients):
    logits = model(tokens).logits[0]
    results = {"": logits.detach().float()}
    if gradients:
        F.cross_entropy(logits[:-1].float(), tokens[0, 1:]).backward()
        for name, p in model.named_parameters():
            if p.grad is not None and ".experts." not in name:
                results[name.replace(".default.weight", ".weight")] = p.grad.float()
    return results


def main():
    tensors, metadata = {}, {"peft": peft.__version__, "transformers": transformers.__version__, "torch": torch.__version__}

    def note(name, exact, rounded):
        tensors[name] = exact.contiguous()
        metadata[name] = json.dumps(torch.linalg.vector_norm((rounded - exact).double()).item())
        print(name, "norm", exact.norm().item(), "bf16 error", metadata[name])

    out = pathlib.Path(sys.argv[2])
    for directory in sorted(pathlib.Path(sys.argv[1]).iterdir()):
        tokens = load_file(directory / "tokens.safetensors")["tokens"].long()[None]
        results = {}
        for dtype in (torch.float32, torch.bfloat16):
            model = peft.PeftModel.from_pretrained(base(directory, dtype), directory / "adapter", is_trainable=True, autocast_adapter_dtype=False)
            model.to(dtype)
            results[dtype] = run(model, tokens, True)
        for name, exact in results[torch.float32].items():
            full = f"{directory.name}.grad.{name}" if name else f"{directory.name}.ours"
            note(full, exact, results[torch.bfloat16][name])

        torch.manual_seed(3)
        own = out / "peft" / directory.name
        model = base(directory, torch.float32)
        config = peft.LoraConfig(r=4, lora_alpha=12, lora_dropout=0.1, target_modules=["q_proj", "v_proj", "o_proj"], layers_to_transform=[1], task_type="CAUSAL_LM")
        model = peft.get_peft_model(model, config)
        for name, p in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(p, std=0.1)
        model.peft_config["default"].base_model_name_or_path = directory.name
        shutil.rmtree(own, ignore_errors=True)
        model.save_pretrained(own)
        (own / "README.md").unlink()
        exact = run(model.eval(), tokens, False)[""]
        rounded = peft.PeftModel.from_pretrained(base(directory, torch.bfloat16), own, autocast_adapter_dtype=False).to(torch.bfloat16)
        note(f"{directory.name}.theirs", exact, run(rounded, tokens, False)[""])
    save_file(tensors, out / "peft.safetensors", metadata=metadata)


main()
