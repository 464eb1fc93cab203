"""llama.cpp's C API through ctypes, for the scripts that compare with it.

    Library(DIR)     DIR: the folder of the prebuilt libraries, as npm's
                     @node-llama-cpp/linux-x64 has them in bins/linux-x64

The structs are those of include/llama.h of version 0.5.0; another version is
refused, because a struct that moved would be read wrongly and in silence.
"""

import ctypes as c
from pathlib import Path

import numpy as np

VERSION = "0.5.0"

FTYPES = {"F32": 0, "F16": 1, "Q4_0": 2, "Q8_0": 7, "Q4_K_S": 14, "Q4_K_M": 15, "Q5_K_S": 16, "Q5_K_M": 17, "Q6_K": 18, "BF16": 32, "MXFP4_MOE": 38}


class ModelParams(c.Structure):
    _fields_ = [
        ("devices", c.c_void_p), ("tensor_buft_overrides", c.c_void_p), ("n_gpu_layers", c.c_int32), ("split_mode", c.c_int),
        ("load_mode", c.c_int), ("lazy_mode", c.c_int), ("main_gpu", c.c_int32), ("tensor_split", c.c_void_p),
        ("progress_callback", c.c_void_p), ("progress_callback_user_data", c.c_void_p), ("kv_overrides", c.c_void_p),
        ("vocab_only", c.c_bool), ("check_tensors", c.c_bool), ("use_extra_bufts", c.c_bool), ("no_host", c.c_bool),
        ("no_alloc", c.c_bool), ("load_mtp", c.c_bool),
    ]


class ContextParams(c.Structure):
    _fields_ = [
        ("n_ctx", c.c_uint32), ("n_batch", c.c_uint32), ("n_ubatch", c.c_uint32), ("n_seq_max", c.c_uint32), ("n_rs_seq", c.c_uint32),
        ("n_outputs_max", c.c_uint32), ("n_outputs_max_per_seq", c.c_uint32), ("n_threads", c.c_int32), ("n_threads_batch", c.c_int32),
        ("ctx_type", c.c_int), ("rope_scaling_type", c.c_int), ("pooling_type", c.c_int), ("attention_type", c.c_int), ("flash_attn_type", c.c_int),
        ("rope_freq_base", c.c_float), ("rope_freq_scale", c.c_float), ("yarn_ext_factor", c.c_float), ("yarn_attn_factor", c.c_float),
        ("yarn_beta_fast", c.c_float), ("yarn_beta_slow", c.c_float), ("yarn_orig_ctx", c.c_uint32), ("defrag_thold", c.c_float),
        ("cb_eval", c.c_void_p), ("cb_eval_user_data", c.c_void_p), ("type_k", c.c_int), ("type_v", c.c_int),
        ("abort_callback", c.c_void_p), ("abort_callback_data", c.c_void_p),
        ("embeddings", c.c_bool), ("offload_kqv", c.c_bool), ("no_perf", c.c_bool), ("op_offload", c.c_bool), ("swa_full", c.c_bool), ("kv_unified", c.c_bool),
        ("samplers", c.c_void_p), ("n_samplers", c.c_size_t), ("ctx_other", c.c_void_p),
    ]


class QuantizeParams(c.Structure):
    _fields_ = [
        ("nthread", c.c_int32), ("ftype", c.c_int), ("output_tensor_type", c.c_int), ("token_embedding_type", c.c_int),
        ("allow_requantize", c.c_bool), ("quantize_output_tensor", c.c_bool), ("only_copy", c.c_bool), ("pure", c.c_bool),
        ("keep_split", c.c_bool), ("dry_run", c.c_bool), ("imatrix", c.c_void_p), ("kv_overrides", c.c_void_p),
        ("tt_overrides", c.c_void_p), ("prune_layers", c.c_void_p), ("max_buf_size", c.c_size_t),
    ]


class Batch(c.Structure):
    _fields_ = [
        ("n_tokens", c.c_int32), ("token", c.POINTER(c.c_int32)), ("embd", c.c_void_p), ("pos", c.POINTER(c.c_int32)),
        ("n_seq_id", c.c_void_p), ("seq_id", c.c_void_p), ("logits", c.POINTER(c.c_int8)),
    ]


SIGNATURES = {
    "llama_version": (c.c_char_p,),
    "llama_backend_init": (None,),
    "llama_model_default_params": (ModelParams,),
    "llama_context_default_params": (ContextParams,),
    "llama_model_quantize_default_params": (QuantizeParams,),
    "llama_model_load_from_file": (c.c_void_p, c.c_char_p, ModelParams),
    "llama_init_from_model": (c.c_void_p, c.c_void_p, ContextParams),
    "llama_model_free": (None, c.c_void_p),
    "llama_free": (None, c.c_void_p),
    "llama_model_get_vocab": (c.c_void_p, c.c_void_p),
    "llama_model_n_params": (c.c_uint64, c.c_void_p),
    "llama_vocab_n_tokens": (c.c_int32, c.c_void_p),
    "llama_get_memory": (c.c_void_p, c.c_void_p),
    "llama_memory_clear": (None, c.c_void_p, c.c_bool),
    "llama_decode": (c.c_int32, c.c_void_p, Batch),
    "llama_synchronize": (None, c.c_void_p),
    "llama_get_logits": (c.POINTER(c.c_float), c.c_void_p),
    "llama_tokenize": (c.c_int32, c.c_void_p, c.c_char_p, c.c_int32, c.POINTER(c.c_int32), c.c_int32, c.c_bool, c.c_bool),
    "llama_token_to_piece": (c.c_int32, c.c_void_p, c.c_int32, c.c_char_p, c.c_int32, c.c_int32, c.c_bool),
    "llama_model_quantize": (c.c_uint32, c.c_char_p, c.c_char_p, c.POINTER(QuantizeParams)),
    "llama_print_system_info": (c.c_char_p,),
    "llama_log_set": (None, c.c_void_p, c.c_void_p),
}


class Library:
    def __init__(self, folder):
        folder = Path(folder)
        found = sorted(folder.glob("libllama.*.so"))
        if not found:
            raise SystemExit(f"{folder}: no libllama.*.so here")
        ggml = c.CDLL(str(next(folder.glob("libggml.*.so"))), c.RTLD_GLOBAL)
        self.lib = c.CDLL(str(found[0]), c.RTLD_GLOBAL)
        for name, (result, *arguments) in SIGNATURES.items():
            function = getattr(self.lib, name)
            function.restype, function.argtypes = result, arguments
        self.version = self.lib.llama_version().decode()
        if not self.version.startswith(VERSION):
            raise SystemExit(f"{found[0]} is version {self.version}; the structs of llamalib.py are those of {VERSION}")
        self.messages = []
        self.log = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)(lambda level, text, _: self.messages.append(text.decode(errors="replace")))
        self.lib.llama_log_set(self.log, None)
        ggml.ggml_backend_load_all_from_path.argtypes = [c.c_char_p]
        ggml.ggml_backend_load_all_from_path(str(folder).encode())
        self.lib.llama_backend_init()

    def backends(self):
        """The libraries that ggml chose for this machine."""
        with open("/proc/self/maps") as maps:
            return sorted({Path(line.split()[-1]).name for line in maps if "libggml-" in line and "base" not in line})

    def error(self, what):
        return RuntimeError(what + ": " + "".join(self.messages[-20:]))

    def quantize(self, source, target, ftype, threads=2, pure=False):
        p = self.lib.llama_model_quantize_default_params()
        p.nthread, p.ftype, p.pure, p.allow_requantize = threads, FTYPES[ftype], pure, True
        if self.lib.llama_model_quantize(str(source).encode(), str(target).encode(), c.byref(p)):
            raise self.error(f"quantize {source} as {ftype}")


class Model:
    """A loaded file with one context. close() lets both go."""

    def __init__(self, library, path, threads=2, context=1024, vocab_only=False, **changes):
        self.library, self.lib = library, library.lib
        p = self.lib.llama_model_default_params()
        p.vocab_only = vocab_only
        if not changes.pop("use_extra_bufts", True):
            p.use_extra_bufts = False
        self.model = self.lib.llama_model_load_from_file(str(path).encode(), p)
        if not self.model:
            raise library.error(f"load {path}")
        self.vocab = self.lib.llama_model_get_vocab(self.model)
        self.size = self.lib.llama_vocab_n_tokens(self.vocab)
        self.context = None
        if vocab_only:
            return
        p = self.lib.llama_context_default_params()
        p.n_ctx = p.n_batch = context
        p.n_ubatch = min(context, 512)
        p.n_threads = p.n_threads_batch = threads
        for name, value in changes.items():
            setattr(p, name, value)
        self.context = self.lib.llama_init_from_model(self.model, p)
        if not self.context:
            raise library.error(f"context for {path}")

    def close(self):
        if self.context:
            self.lib.llama_free(self.context)
        self.lib.llama_model_free(self.model)
        self.context = self.model = None

    def clear(self):
        self.lib.llama_memory_clear(self.lib.llama_get_memory(self.context), True)

    def decode(self, tokens, first, every=False):
        """Runs tokens at positions from first on; logits of the last or of all."""
        n = len(tokens)
        ids, where = (c.c_int32 * n)(*tokens), (c.c_int32 * n)(*range(first, first + n))
        outputs = (c.c_int8 * n)(*[every or i == n - 1 for i in range(n)])
        if self.lib.llama_decode(self.context, Batch(n, ids, None, where, None, None, outputs)):
            raise self.library.error("decode")
        self.lib.llama_synchronize(self.context)

    def logits(self, tokens):
        self.clear()
        self.decode(tokens, 0, every=True)
        return np.ctypeslib.as_array(self.lib.llama_get_logits(self.context), (len(tokens), self.size)).copy()

    def tokenize(self, text, special=False, start=False):
        data = text.encode()
        room = len(data) + 8
        ids = (c.c_int32 * room)()
        n = self.lib.llama_tokenize(self.vocab, data, len(data), ids, room, start, special)
        if n < 0:
            raise self.library.error(f"tokenize: {n}")
        return list(ids[:n])

    def piece(self, token):
        room = c.create_string_buffer(1024)
        n = self.lib.llama_token_to_piece(self.vocab, token, room, len(room), 0, True)
        return room.raw[:n]
