"""Intents: what a request asks for, by a small grammar in English and Chinese. No model.

A rule matches a whole sentence or nothing: "rename A to B everywhere" is a request, "do not rename A",
"how do I rename A to B?" and "write about 'rename A to B'" are none. A rule only understands;
whether it can be done, and to which of two symbols, the workspace decides (see `planning`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from treewright_agent.grammar import DOTTED, FILE, NAME, RULES


@dataclass(frozen=True, slots=True)
class Intent:
    """`rule_id` is the action and the wording that matched, `rename/2`."""

    action: str
    slots: Mapping[str, str]
    rule_id: str
    confidence: float = 0.9


_POLITE = re.compile(
    r"^(?:(?:please|pls|kindly|now|ok(?:ay)?|hey|hi)[,!\uff0c\uff01\s]+|(?:can|could|would|will)\s+you\s+(?:please\s+)?"
    r"|i(?:'d|\s+would)\s+like\s+(?:you\s+)?to\s+|i\s+want\s+(?:you\s+)?to\s+|i\s+need\s+(?:you\s+)?to\s+|let'?s\s+|let\s+us\s+"
    r"|we\s+(?:need|want)\s+to\s+|go\s+ahead\s+and\s+|just\s+|请你?|麻烦你?|帮我|帮忙|我想|我要|我需要)+\s*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:\s*[,\uff0c]?\s*(?:please|pls|thanks?|thank\s+you|for\s+me|谢谢|吧|一下))+\s*[.!\u3002\uff01]*\s*$|[\s.!\u3002\uff01;\uff1b]+$",
    re.IGNORECASE,
)
_NO = re.compile(
    r"\b(?:do\s+not|don'?t|never|without|avoid|stop|instead\s+of\s+renaming|should\s+(?:we|i)|how\s+(?:do|can|to|would)"
    r"|what\s+(?:if|happens|would)|why|explain|whether|undo|revert)\b|不要|不能|别|勿|禁止|怎么|如何|为什么|是否|吗[?\uff1f]?$",
    re.IGNORECASE,
)
MAX_LENGTH = 400


def understand(instruction: str) -> Intent | None:
    """What the whole of `instruction` asks for, or None when no rule is sure.

    Several requests in one sentence are one Intent, `sequence`, whose slots are the parts in
    their order; it is understood when every part is.
    """
    text = " ".join(instruction.split())
    if not text or len(text) > MAX_LENGTH:
        return None
    return _understood(text) or _placed_first(text) or _sequence(text)


_PLACE_FIRST = re.compile(
    rf"in\s+(?:the\s+)?(?:file\s+|module\s+)?`?(?P<file>{FILE})`?\s*,?\s+(?P<rest>.+)",
    re.IGNORECASE,
)
_OF_NO_PLACE = frozenset(("rename_file", "rename_module", "fix_tests"))


def _placed_first(text: str) -> Intent | None:
    """ "In app/models.py rename a to b": the place of what follows stands in front."""
    placed = _PLACE_FIRST.fullmatch(text)
    intent = _understood(placed["rest"]) if placed is not None else None
    if placed is None or intent is None or intent.action in _OF_NO_PLACE:
        return None
    if intent.slots.get("file") or intent.slots.get("place"):
        return None
    slots = {**intent.slots, "file": placed["file"], "place": placed["file"]}
    return Intent(intent.action, slots, intent.rule_id, intent.confidence)


_THEN = re.compile(
    r"\s*(?:[,;\uff0c\uff1b]\s*(?:and\s+)?(?:then\s+)?(?:然后|并且|并|再)?\s*|\s+and\s+(?:then\s+|also\s+)?|\s+then\s+"
    r"|\s*(?:然后|并且|并|再)\s*)(?=\S)",
    re.IGNORECASE,
)
_MAX_PARTS = 6


def _sequence(text: str) -> Intent | None:
    """Requests that stand one after the other: "move f to b and rename it to g"."""
    cuts = [(0, 0), *((m.start(), m.end()) for m in _THEN.finditer(text)), (len(text), len(text))]
    if not 3 <= len(cuts) <= 12:
        return None
    parts: list[str] = []
    first = 0
    while first < len(cuts) - 1:
        for last in range(len(cuts) - 1, first, -1):  # the longest piece that means something
            piece = text[cuts[first][1] : cuts[last][0]]
            if last - first == len(cuts) - 1:
                continue  # that is the whole, and no rule knows it
            piece = _carried_on(piece, parts)
            if piece and _understood(piece) is not None:
                parts.append(piece)
                first = last
                break
        else:
            return None
    if not 2 <= len(parts) <= _MAX_PARTS:
        return None
    slots = {str(number): part for number, part in enumerate(parts, 1)}
    return Intent("sequence", slots, f"sequence/{len(parts)}", 0.85)


_IT = re.compile(
    rf"rename\s+(?:it|the\s+(?:function|class|method))?\s*(?:to|into|as)\s+(?P<new>`?{NAME}`?)"
    rf"|(?:将其|把它)?\s*(?:重命名为|改名为)\s*(?P<neu>`?{NAME}`?)",
    re.IGNORECASE,
)
_PAIR = re.compile(rf"`?(?P<old>{DOTTED})`?\s+(?:to|into|as|->|→)\s+`?(?P<new>{NAME})`?")


def _carried_on(piece: str, before: list[str]) -> str:
    """The piece as a whole sentence: "rename it to g" and "c to d" take up what came before."""
    last = _understood(before[-1]) if before else None
    if last is None:
        return piece
    again = _IT.fullmatch(piece.strip())
    if again is not None and last.action == "move":
        name = last.slots["symbol"].rpartition("::")[2]
        target = last.slots["target"]
        where = f" in {target}" if re.fullmatch(FILE, target) and "/" in target + "/" else ""
        where = where if target.endswith((".py", ".pyi")) else ""
        return f"rename {name}{where} to {again['new'] or again['neu']}"
    pair = _PAIR.fullmatch(piece.strip())
    if pair is not None and last.action == "rename":
        return f"rename {pair['old']} to {pair['new']}"
    return piece


def _understood(text: str) -> Intent | None:
    asked = text.endswith(("?", "\uff1f"))
    polite = _POLITE.match(text)
    if polite is not None:
        text = text[polite.end() :]
        if asked and re.match(r"(?:can|could|would|will)\s", polite.group(), re.IGNORECASE):
            text, asked = text.rstrip("? \uff1f"), False
    if asked:
        return None
    text = _TAIL.sub("", text).strip()
    text = _TAIL.sub("", text).strip()
    text = re.sub(r"一下\s*", "", text)
    if _NO.search(_without_code(text)):
        return None
    for rule in RULES:
        slots = rule.slots(text)
        if slots is not None and _sensible(rule.action, slots):
            slots.pop("kind", None)
            return Intent(rule.action, slots, rule.id, rule.confidence)
    return None


_MEND = re.compile(
    r"\b(?:fix|repair|mend|debug|correct|solve|resolve|find|make|get)\b|修|解决|改正|调试|让",
    re.IGNORECASE,
)
_BROKEN = re.compile(
    r"\b(?:tests?|bugs?|buggy|fail(?:s|ed|ing|ures?)?|broken|wrong|incorrect(?:ly)?|errors?|exceptions?"
    r"|crash(?:es|ed)?|defects?|faults?|asserts?|assertions?|pytest|unittest|pass(?:es)?)\b"
    r"|测试|错误|失败|异常|缺陷|报错",
    re.IGNORECASE,
)


_COMPLAINT = re.compile(
    r"\b(?:bug(?:gy|s)?|fail(?:s|ing)|broken|wrong|incorrect(?:ly)?)\b|失败|报错", re.IGNORECASE
)


def mending(instruction: str) -> Intent | None:
    """A request to mend something that is broken, in whatever words: where tests fail, making
    them pass is a fair try at it. Never sure enough to come before a model."""
    text = " ".join(instruction.split())
    if text.endswith(("?", "\uff1f")):
        return None
    if not _COMPLAINT.search(text) and not (_MEND.search(text) and _BROKEN.search(text)):
        return None
    named = _NAMED_TESTS.findall(text)
    slots = {"test": named[0]} if len(set(named)) == 1 else {}
    return Intent("fix_tests", slots, "mend/1", 0.5)


_NAMED_TESTS = re.compile(
    r"(?<![\w./-])(?:[\w-]+/)*(?:test_[\w-]*|[\w-]*_test|tests)\.py(?:::\w+(?:\[\S*\])?)*"
)


def _without_code(text: str) -> str:
    return re.sub(r"`[^`]*`|\"[^\"]*\"|“[^”]*”", "``", text)


_WORDS = frozenset(
    "it this that them everything all something the a an and or to of in file files code function class method"
    " variable module test tests".split()
)


_LIKE_CODE = re.compile(r"[_.\d]|[a-z][A-Z]")


def _sensible(action: str, slots: Mapping[str, str]) -> bool:
    """No slot is a word of the language instead of a name."""
    named = [slots[k] for k in ("old", "new", "symbol", "function", "name", "flag") if k in slots]
    if action == "replace_pattern":
        return slots["old"].strip() != slots["new"].strip()
    is_named_only = action in ("delete_symbol", "inline") and "kind" not in slots
    if is_named_only and not _LIKE_CODE.search(slots["symbol"]):  # "remove x" may mean anything
        return False
    if any(
        value.lower() in _WORDS for value in named if len(value) > 1 or "parameter" not in action
    ):
        return False
    return slots.get("old", "") != slots.get("new", " ")


def flag_value(value: str) -> bool:
    return value.lower() in ("true", "on", "enabled", "真", "开启")
