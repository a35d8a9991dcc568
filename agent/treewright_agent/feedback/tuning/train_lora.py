"""LoRA fine-tuning on an export of treewright, with TRL and PEFT. Stands alone: copy it anywhere.

    pip install torch trl peft datasets
    python train_lora.py --model MODEL --data FOLDER --output FOLDER

MODEL is a local folder or a name your hub knows. FOLDER is what `treewright feedback export
--folder` wrote; its columns say what is trained: `messages` or `prompt`/`completion` (SFT),
`chosen`/`rejected` (DPO), `label` (KTO). The adapter is written to the output folder, and one line
of JSON with the first and the last loss to standard output.
"""

from __future__ import annotations

import argparse
import json
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--output", required=True)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--epochs", type=float, default=2.0)
    parser.add_argument("--max-steps", type=int, default=-1)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--accumulate", type=int, default=16)
    parser.add_argument("--max-length", type=int, default=4096)
    parser.add_argument("--seed", type=int, default=42)
    given = parser.parse_args()
    trainer = trainer_of(given, load(given.data, tokenizer_of(given.model)))
    trainer.train()
    trainer.save_model(given.output)
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    print(json.dumps({"first": losses[0], "last": losses[-1], "steps": len(losses)}))  # noqa: T201


def tokenizer_of(model: str) -> Any:
    library: Any = import_module("transformers")
    return library.AutoTokenizer.from_pretrained(model)


def load(folder: Path, tokenizer: Any) -> Any:
    """The training split as texts, rendered by the model's own chat template.

    Tools and arguments come as JSON texts and are made objects for the template: rows of unlike
    objects in one table would be filled with nulls.
    """
    library: Any = import_module("datasets")
    files = [p for p in (folder / "train.jsonl", folder / "train.parquet") if p.exists()]
    if not files:
        raise SystemExit(f"{folder}: there is no train.jsonl or train.parquet in it")
    kind = "parquet" if files[0].suffix == ".parquet" else "json"
    found = library.load_dataset(kind, data_files=str(files[0]))["train"]
    return library.Dataset.from_list([rendered(row, tokenizer) for row in found])


def rendered(row: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    library: Any = import_module("trl.data_utils")
    if not library.is_conversational(row):
        if "output" in row:  # alpaca
            asked = "\n\n".join(part for part in (row["instruction"], row["input"]) if part)
            return {"prompt": f"{asked}\n\n", "completion": row["output"]}
        return row
    tools = json.loads(row["tools"]) if row.get("tools") else None
    turns = {
        name: [called(turn) for turn in row[name]]
        for name in ("messages", "prompt", "completion", "chosen", "rejected")
        if name in row
    }
    whole = {**turns, **({"label": row["label"]} if "label" in row else {})}
    return library.apply_chat_template(whole, tokenizer, tools=tools)


def called(turn: dict[str, Any]) -> dict[str, Any]:
    """A turn with the arguments of its calls as objects, without empty fields."""
    kept = {name: value for name, value in turn.items() if value is not None}
    if kept.get("tool_calls"):
        kept["tool_calls"] = [
            {
                **call,
                "function": {
                    "name": call["function"]["name"],
                    "arguments": json.loads(call["function"]["arguments"]),
                },
            }
            for call in kept["tool_calls"]
        ]
    return kept


def trainer_of(given: argparse.Namespace, data: Any) -> Any:
    tuners: Any = import_module("peft")
    trainers: Any = import_module("trl")
    gpu: Any = import_module("torch").cuda
    columns = set(data.column_names)
    lora = tuners.LoraConfig(
        r=given.rank, lora_alpha=2 * given.rank, lora_dropout=0.05, target_modules="all-linear",
        task_type="CAUSAL_LM",
    )  # fmt: skip
    common: dict[str, Any] = {
        "output_dir": given.output,
        "learning_rate": given.learning_rate,
        "num_train_epochs": given.epochs,
        "max_steps": given.max_steps,
        "per_device_train_batch_size": given.batch,
        "gradient_accumulation_steps": given.accumulate,
        "lr_scheduler_type": "cosine",
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": not gpu.is_available(),
        "bf16": gpu.is_available() and gpu.is_bf16_supported(),
        "max_length": given.max_length,
        "seed": given.seed,
    }
    kind = "DPO" if "chosen" in columns else "KTO" if "label" in columns else "SFT"
    config = getattr(trainers, f"{kind}Config")(**common)
    trainer = getattr(trainers, f"{kind}Trainer")
    return trainer(model=given.model, args=config, train_dataset=data, peft_config=lora)


if __name__ == "__main__":
    main()
