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
    data = load(given.data)
    trainer = trainer_of(given, data)
    trainer.train()
    trainer.save_model(given.output)
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    print(json.dumps({"first": losses[0], "last": losses[-1], "steps": len(losses)}))  # noqa: T201


def load(folder: Path) -> Any:
    """The splits that are there. `tools` comes as a JSON text and is made a list."""
    import datasets  # pyright: ignore

    reader: Any = datasets

    found = {
        name: str(path)
        for name in ("train", "validation")
        for path in (folder / f"{name}.jsonl", folder / f"{name}.parquet")
        if path.exists()
    }
    if "train" not in found:
        raise SystemExit(f"{folder}: there is no train.jsonl or train.parquet in it")
    kind = "parquet" if found["train"].endswith(".parquet") else "json"
    return reader.load_dataset(kind, data_files=found)


def trainer_of(given: argparse.Namespace, data: Any) -> Any:
    import peft  # pyright: ignore
    import trl  # pyright: ignore

    tuners: Any = peft
    trainers: Any = trl

    columns = set(data["train"].column_names)
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
        "max_length": given.max_length,
        "seed": given.seed,
    }
    kind = "DPO" if "chosen" in columns else "KTO" if "label" in columns else "SFT"
    config = getattr(trainers, f"{kind}Config")(**common)
    trainer = getattr(trainers, f"{kind}Trainer")
    return trainer(model=given.model, args=config, train_dataset=data["train"], peft_config=lora)


if __name__ == "__main__":
    main()
