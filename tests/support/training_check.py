"""Exports read by the real loaders, and a tiny LoRA run. Runs with the Python of a trainer.

    python training_check.py load FOLDER        every export below FOLDER, by datasets and TRL
    python training_check.py model FOLDER DATA  a tiny random model with a tokenizer made of DATA
    python training_check.py adapter MODEL ADAPTER
    python training_check.py encoder FOLDER DATA      a tiny random cross-encoder
    python training_check.py scores ONNX QUERY TEXT… what an exported cross-encoder says

Prints one line of JSON. Imports nothing of treewright: a trainer has none of it either.
"""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_OFFLINE"] = "1"

# The turn has the name that real templates give it: Axolotl looks for it to know which fields count.
TEMPLATE = (
    "{%- if tools %}<|system|>{{ tools | tojson }}\n{%- endif %}"
    "{%- for message in messages %}<|{{ message.role }}|>{{ message.content or '' }}"
    "{%- for c in message.tool_calls or [] %}<call>{{ c.function | tojson }}{%- endfor %}<|end|>\n"
    "{%- endfor %}{%- if add_generation_prompt %}<|assistant|>{%- endif %}"
)


def load(folder: Path) -> dict[str, Any]:
    """format/ending -> rows, and the first row as its trainer would see it."""
    from datasets import load_dataset
    from trl.data_utils import is_conversational

    tokenizer = tokenizer_of([json.dumps({"text": "abc"})])
    found: dict[str, Any] = {}
    for place in sorted(folder.iterdir()):
        files = {p.stem: str(p) for p in place.iterdir() if p.suffix in (".jsonl", ".parquet")}
        kind = "parquet" if files["train"].endswith(".parquet") else "json"
        rows = load_dataset(kind, data_files=files, cache_dir=str(folder.parent / "cache"))["train"]
        row = rows[0]
        seen: dict[str, Any] = {"n": rows.num_rows, "columns": rows.column_names}
        if isinstance(row.get("tools"), str):
            seen["tools"] = len(json.loads(row["tools"]))
        if place.name.split("-")[0] in ("messages", "prompt_completion", "dpo", "kto"):
            assert is_conversational(row), place.name
            made = train_lora().rendered(row, tokenizer)
            seen["rendered"] = {k: v[-300:] for k, v in made.items() if isinstance(v, str)}
        found[place.name] = seen
    return found


def train_lora() -> Any:
    """The script that ships, as a module; it needs nothing of treewright."""
    import importlib.util

    place = Path(__file__).parents[2] / "agent/treewright_agent/feedback/tuning/train_lora.py"
    spec = importlib.util.spec_from_file_location("train_lora", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tokenizer_of(texts: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<pad>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=600,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<|end|>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def model(folder: Path, data: Path) -> dict[str, Any]:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    tokenizer = tokenizer_of(data.read_text("utf-8").splitlines())
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=2048,
        pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {"vocabulary": len(tokenizer)}


def adapter(base: str, folder: str) -> dict[str, Any]:
    """Loads the adapter on the base model and compares what both say."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    plain = AutoModelForCausalLM.from_pretrained(base)
    given = tokenizer("<|user|>Remove unused import<|end|>\n", return_tensors="pt").input_ids
    with torch.no_grad():
        before = plain(given).logits.clone()
        tuned = PeftModel.from_pretrained(plain, folder)
        after = tuned(given).logits
    return {"differs": float((before - after).abs().max()), "rank": tuned.peft_config["default"].r}


def encoder(folder: Path, data: Path) -> dict[str, Any]:
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    tokenizer = tokenizer_of(data.read_text("utf-8").splitlines())
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, num_labels=1, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return {"vocabulary": len(tokenizer)}


def scores(folder: Path, query: Path, *texts: Path) -> dict[str, Any]:
    import numpy as np
    import onnxruntime
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    names = {each.name for each in session.get_inputs()}
    found = []
    for text in texts:
        given = tokenizer([str(query)], [str(text)], return_tensors="np")
        feed = {k: np.asarray(v, dtype=np.int64) for k, v in given.items() if k in names}
        found.append(float(np.asarray(session.run(["logits"], feed)[0])[0, 0]))
    return {"scores": found}


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    action: Any = {
        "load": load, "model": model, "adapter": adapter, "encoder": encoder, "scores": scores,
    }[what]  # fmt: skip
    arguments: list[Any] = rest if what == "adapter" else [Path(each) for each in rest]
    sys.stdout.write(json.dumps(action(*arguments)) + "\n")
