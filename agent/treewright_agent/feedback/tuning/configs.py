"""Ready configurations for trainers: LoRA on what `export_folder` wrote, a cross-encoder on triples.

They name the files and columns of an export as the trainers read them; the model is the user's
choice and is named nowhere here. Rows may be as long as the longest of the export: trainers drop a
longer one or cut its answer off, and say little.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from treewright_indexer.errors import ArgumentsError

TRAINERS = ("axolotl", "llamafactory", "trl", "reranker")
_LEAST_TOKENS, _MOST_TOKENS = 2_048, 32_768
_CHARACTERS = 2.0
"""Of one token, of code, at the least."""


def write_config(
    trainer: str, data: Path, output: Path, model: str, *, template: str = "default",
    general: Iterable[dict[str, str]] = (),
) -> list[Path]:  # fmt: skip
    """Write what `trainer` needs into `output`; returns the files.

    `data` is a folder made by `export --folder`; `template` is LLaMA-Factory's name for the
    model's chat format; `general` are triples of others, for a reranker. Raises ArgumentsError for
    another trainer, or data it cannot read.
    """
    if trainer not in TRAINERS:
        raise ArgumentsError(f"trainer: {trainer!r} is none of {', '.join(TRAINERS)}")
    train = _split(data, "train")
    if train is None:
        raise ArgumentsError(
            f"{data}: no train.jsonl or train.parquet; run `treewright feedback export --folder` first"
        )
    output.mkdir(parents=True, exist_ok=True)
    if trainer == "trl":
        script = Path(__file__).with_name("train_lora.py").read_text("utf-8")
        (output / "train_lora.py").write_text(script, "utf-8")
        command = (
            "#!/bin/sh\n"
            f"python train_lora.py --model {_sh(model)} --data {_sh(str(data.resolve()))}"
            f" --output adapter --max-length {_length(train)}\n"
        )
        (output / "train.sh").write_text(command, "utf-8")
        return [output / "train_lora.py", output / "train.sh"]
    columns = _columns(train)
    if trainer == "reranker":
        return _reranker(data, columns, output, model, general)
    made = _axolotl if trainer == "axolotl" else _llamafactory
    path = output / f"{trainer}.yaml"
    path.write_text(made(data, columns, model, template), "utf-8")
    return [path]


def _reranker(
    data: Path, columns: frozenset[str], output: Path, model: str, general: Iterable[dict[str, str]]
) -> list[Path]:
    if not {"query", "positive", "negative"} <= columns:
        raise ArgumentsError(
            f"reranker: export --format reranker for it; {data} holds another format"
        )
    script = output / "train_cross_encoder.py"
    script.write_text(Path(__file__).with_name(script.name).read_text("utf-8"), "utf-8")
    command = f"python {script.name} --model {_sh(model)} --data {_sh(str(data.resolve()))} --output tuned"
    made = [script, output / "train.sh"]
    rows = [json.dumps(row, ensure_ascii=False) + "\n" for row in general]
    if rows:
        (output / "general").mkdir(exist_ok=True)
        made.append(output / "general" / "train.jsonl")
        made[-1].write_text("".join(rows), "utf-8")
        command += " --general general"
    made[1].write_text(f"#!/bin/sh\n{command}\n", "utf-8")
    return made


_CHATML = {
    "prompt_format": "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n"
    "<|im_start|>assistant\n",
    "completion_format": "{completion}<|im_end|>\n",
}


def _axolotl(data: Path, columns: frozenset[str], model: str, template: str) -> str:
    top: list[str] = []
    if {"messages", "tools"} <= columns:
        kind = [
            "    type: chat_template", "    field_messages: messages", "    field_tools: tools",
            "    roles_to_train: [assistant]",
        ]  # fmt: skip
    elif {"instruction", "input", "output"} <= columns:
        kind = ["    type: alpaca"]
    elif {"messages", "chosen", "rejected"} <= columns:
        kind = [
            "    type: chat_template.default", "    field_messages: messages",
            "    field_chosen: chosen", "    field_rejected: rejected",
        ]  # fmt: skip
        top = ["rl: dpo"]
    elif {"system", "prompt", "completion", "label"} <= columns:
        kind = [
            "    type:", *(f"      field_{n}: {n}" for n in ("system", "prompt", "completion", "label")),
            "      # ChatML; write the turns of another model's template in its place.",
            *(f"      {name}: {_yaml(text)}" for name, text in _CHATML.items()),
        ]  # fmt: skip
        top = ["rl: kto", "remove_unused_columns: false"]
    else:
        raise ArgumentsError(
            "axolotl: export messages, alpaca, dpo_messages or kto_text for it; "
            f"{data} holds another format"
        )
    train = _split(data, "train")
    assert train is not None  # looked for by who calls
    lines = [
        f"base_model: {_yaml(model)}",
        *top,
        "adapter: lora",
        "lora_r: 16",
        "lora_alpha: 32",
        "lora_dropout: 0.05",
        "lora_target_linear: true",
        "datasets:",
        *_axolotl_dataset(train, kind),
    ]
    validation = _split(data, "validation")
    if validation is not None:
        lines += ["test_datasets:", *_axolotl_dataset(validation, kind)]
    return _text([
        *lines,
        "output_dir: adapter",
        f"sequence_len: {_length(train)}",
        "micro_batch_size: 1",
        "gradient_accumulation_steps: 16",
        "num_epochs: 2",
        "learning_rate: 0.0001",
        "lr_scheduler: cosine",
        "optimizer: adamw_torch",
        "warmup_ratio: 0.03",
        "gradient_checkpointing: true",
        "bf16: auto",
        "logging_steps: 1",
        "seed: 42",
    ])  # fmt: skip


def _axolotl_dataset(path: Path, kind: list[str]) -> list[str]:
    form = "parquet" if path.suffix == ".parquet" else "json"
    return [
        f"  - path: {_yaml(str(path.resolve()))}", f"    ds_type: {form}", "    split: train", *kind,
    ]  # fmt: skip


_FOR_LLAMAFACTORY = ("sharegpt", "alpaca", "dpo_messages", "kto_messages")


def _llamafactory(data: Path, columns: frozenset[str], model: str, template: str) -> str:
    info = data / "dataset_info.json"
    names: list[str] = sorted(json.loads(info.read_text("utf-8"))) if info.exists() else []
    if "treewright_train" not in names:
        raise ArgumentsError(
            f"llamafactory: export {', '.join(_FOR_LLAMAFACTORY)} for it; {data} holds another format"
        )
    stage = "kto" if "kto_tag" in columns else "dpo" if "chosen" in columns else "sft"
    train = _split(data, "train")
    assert train is not None  # looked for by who calls
    lines = [
        f"model_name_or_path: {_yaml(model)}",
        f"stage: {stage}",
        "do_train: true",
        "finetuning_type: lora",
        "lora_rank: 16",
        "lora_alpha: 32",
        "lora_dropout: 0.05",
        "lora_target: all",
        f"dataset_dir: {_yaml(str(data.resolve()))}",
        "dataset: treewright_train",
    ]
    if "treewright_validation" in names:
        lines += ["eval_dataset: treewright_validation"]
    return _text([
        *lines,
        f"template: {_yaml(template)}",
        f"cutoff_len: {_length(train)}",
        "output_dir: adapter",
        "per_device_train_batch_size: 1",
        "gradient_accumulation_steps: 16",
        "learning_rate: 1.0e-4",
        "num_train_epochs: 2.0",
        "lr_scheduler_type: cosine",
        "warmup_ratio: 0.03",
        "bf16: true",
        "logging_steps: 1",
        "seed: 42",
    ])  # fmt: skip


def _split(data: Path, name: str) -> Path | None:
    return next((p for p in (data / f"{name}.jsonl", data / f"{name}.parquet") if p.exists()), None)


def _columns(path: Path) -> frozenset[str]:
    return frozenset(next(_rows(path), dict[str, Any]()))


def _length(path: Path) -> int:
    """Tokens that the longest row takes, at most, as a power of two."""
    longest = max((len(json.dumps(row, ensure_ascii=False)) for row in _rows(path)), default=0)
    tokens = _LEAST_TOKENS
    while tokens < min(longest / _CHARACTERS, _MOST_TOKENS):
        tokens *= 2
    return tokens


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".jsonl":
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
        return
    try:
        import pyarrow.parquet as pq  # type: ignore[import-untyped]
    except ImportError as error:
        raise ArgumentsError(
            "Parquet needs the `pyarrow` package: pip install 'treewright[parquet]'"
        ) from error
    for batch in pq.ParquetFile(path).iter_batches():  # pyright: ignore
        yield from batch.to_pylist()  # pyright: ignore


def _yaml(text: str) -> str:
    """A JSON string is a YAML string, whatever is in it."""
    return json.dumps(text, ensure_ascii=False)


def _sh(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _text(lines: list[str]) -> str:
    return "\n".join(["# Written by `treewright feedback tune`.", *lines]) + "\n"
