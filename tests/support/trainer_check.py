"""What a trainer makes of a configuration of `treewright feedback tune` and of the export it names:
its own checks of the configuration, its own reading of the rows. Runs with that trainer's Python.

    python trainer_check.py axolotl FILE.yaml
    python trainer_check.py llamafactory FILE.yaml

Prints one line of JSON: how many rows there are, the first as text, and what of it is trained on.
Nothing is trained and nothing of treewright is imported.
"""

# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import os
import sys
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

os.environ.update(
    HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", DISABLE_VERSION_CHECK="1",
    AXOLOTL_DO_NOT_TRACK="1", DO_NOT_TRACK="1",
)  # fmt: skip


def stand_in(name: str) -> None:
    """An empty module for what is imported at the top and not wanted here: sound, telemetry."""
    sys.modules[name] = module_from_spec(ModuleSpec(name, None))


def axolotl(path: str) -> dict[str, Any]:
    stand_in("posthog")
    import yaml
    from axolotl.utils.dict import DictDefault
    from axolotl.utils.schemas.config import AxolotlInputConfig
    from transformers import AutoTokenizer

    given = yaml.safe_load(Path(path).read_text("utf-8"))
    checked = AxolotlInputConfig(**given)
    unknown = sorted(set(given) - set(type(checked).model_fields))
    cfg = DictDefault(checked.model_dump(exclude_none=True))
    cfg.update(
        dataset_num_proc=1, tokenizer_config=cfg.base_model, base_model_config=cfg.base_model
    )
    tokenizer = AutoTokenizer.from_pretrained(cfg.base_model)
    if cfg.rl:
        from axolotl.utils.data.rl import _load_split

        rows = _load_split(cfg, "train")
        row = rows[0]
        names = ("chosen", "rejected") if "chosen" in row else ("completion", "label")
        return {"unknown": unknown, "n": len(rows), "asked": row["prompt"],
                "taught": [row[name] for name in names]}  # fmt: skip
    from axolotl.utils.data.sft import _load_raw_datasets

    rows, _ = _load_raw_datasets(cfg, cfg.datasets, tokenizer, "train")
    return {"unknown": unknown, "n": len(rows), **_sft(rows[0], tokenizer)}


def llamafactory(path: str) -> dict[str, Any]:
    stand_in("torchaudio")
    import yaml
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from transformers import AutoTokenizer

    given = yaml.safe_load(Path(path).read_text("utf-8"))
    given.update(bf16=False, use_cpu=True)  # what a machine without a GPU must say
    model, data, training, finetuning, _ = get_train_args(given)
    tokenizer = AutoTokenizer.from_pretrained(model.model_name_or_path)
    template = get_template_and_fix_tokenizer(tokenizer, data)
    stage = "rm" if finetuning.stage == "dpo" else finetuning.stage  # as its DPO workflow says
    found = get_dataset(template, model, data, training, stage, tokenizer=tokenizer)
    rows = found["train_dataset"]
    row = rows[0]
    told: dict[str, Any] = {"unknown": [], "n": len(rows)}
    if stage == "sft":
        return {**told, **_sft(row, tokenizer)}
    prefixes = ("chosen_", "rejected_") if stage == "rm" else ("",)
    asked = tokenizer.decode(row[f"{prefixes[0]}input_ids"])
    taught = [_labelled(row[f"{prefix}labels"], tokenizer) for prefix in prefixes]
    labels = [row["kto_tags"]] if stage == "kto" else []
    return {**told, "asked": asked, "taught": [*taught, *labels]}


def _sft(row: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    return {
        "asked": tokenizer.decode(row["input_ids"]),
        "taught": [_labelled(row["labels"], tokenizer)],
    }


def _labelled(labels: list[int], tokenizer: Any) -> str:
    return tokenizer.decode([token for token in labels if token != -100])


if __name__ == "__main__":
    checked = {"axolotl": axolotl, "llamafactory": llamafactory}[sys.argv[1]](sys.argv[2])
    sys.stdout.write("\n" + json.dumps(checked) + "\n")
