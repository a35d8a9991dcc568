"""Questions made from documentation, by rules: no language model writes the training data.

A summary such as "Return the number of days between two dates." becomes what a person would type
into a search box, ask a colleague or write as a commit subject.
"""

from __future__ import annotations

import random
import re

STOP = frozenset(
    "the a an of to in on for and or is are be this that it its as by with from at if not was will can should into we "
    "which when given all any".split()
)
_FUNCTIONS = ("function", "method", "code", "helper")


def base_form(word: str) -> str:
    """`Returns` becomes `return`, `Applies` `apply`, `Matches` `match`."""
    low = word.lower()
    if low.endswith("ies") and len(low) > 4:
        return low[:-3] + "y"
    if re.search(r"(ss|sh|ch|x|zz)es$", low):
        return low[:-2]
    if low.endswith("s") and not low.endswith(("ss", "us", "is")):
        return low[:-1]
    return low


def gerund(verb: str) -> str:
    if verb.endswith("e") and not verb.endswith(("ee", "oe")):
        return verb[:-1] + "ing"
    return verb + "ing"


_VERBS = frozenset(
    "return get set create make build compute calculate convert parse read write load save check test validate verify "
    "find search add remove delete update insert append apply run execute call handle process send receive open close "
    "start stop register wrap encode decode format print render draw plot merge split join filter sort group count "
    "extract generate initialize initialise construct configure resolve raise yield iterate map transform normalize "
    "determine ensure wait fetch download upload connect list show display copy move rename replace match compare "
    "evaluate estimate fit predict sample store dump serialize deserialize serialise flush reset clear cancel retry "
    "schedule dispatch emit invoke attach detach bind unpack pack compress decompress encrypt decrypt sign hash lock "
    "unlock acquire release log report track measure provide implement define define allow enable disable skip ignore "
    "perform retrieve select query lookup look escape unescape quote strip trim truncate pad clean sanitize collect "
    "combine concatenate expand flatten reduce rotate scale shift crop resize mask fill assign push pop enqueue".split()
)


def from_summary(doc: str, language: str, rng: random.Random) -> str:
    """A question, web query or commit subject about what `doc` summarises."""
    text = re.split(r"(?<=[a-z)])[.;:](?:\s|$)", doc, maxsplit=1)[0].strip(" .")
    words = text.split()[: rng.choice((10, 14, 22))]
    if not words:
        return doc
    verb = base_form(words[0])
    rest = [w for w in words[1:]]
    low = " ".join(rest)
    style = rng.random()
    if verb in _VERBS:
        if style < 0.16:
            query = f"how to {verb} {low}"
        elif style < 0.30:
            query = f"where {rng.choice(('do we', 'does it', 'is the code to', 'does the code'))} {verb} {low}?"
        elif style < 0.42:
            query = f"how does it {verb} {low}"
        elif style < 0.50:
            query = f"{rng.choice(_FUNCTIONS)} to {verb} {low}"
        elif style < 0.66:
            query = f"{language} {' '.join(w for w in [verb, *rest] if w.lower() not in STOP)}"
        elif style < 0.76:
            query = f"{' '.join(w for w in rest if w.lower() not in STOP)} {rng.choice(('', gerund(verb), verb))}"
        elif style < 0.84:
            query = f"how to {verb} {' '.join(w for w in rest if w.lower() not in STOP)} in {language}"
        elif style < 0.92:
            query = f"{rng.choice(('Fix', 'Improve', 'Change', 'Support', 'Add', 'Refactor'))} {gerund(verb)} {low}"
        else:
            query = f"{verb} {low}"
    else:
        content = " ".join(w for w in words if w.lower() not in STOP)
        if style < 0.2:
            query = f"what is the {words[0].lower()} {low}".replace("the the ", "the ").replace("the a ", "a ")
        elif style < 0.4:
            query = f"where is {text[0].lower()}{text[1:]}"
        elif style < 0.6:
            query = f"{language} {content}"
        elif style < 0.75:
            query = f"{rng.choice(('Fix', 'Improve', 'Add', 'Support'))} {content}"
        else:
            query = content
    query = query.strip()
    return query.lower() if rng.random() < 0.6 else query[:1].upper() + query[1:]


def split_name(symbol: str) -> str:
    name = symbol.rpartition(".")[2]
    return " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)).lower()


_COMMENT = re.compile(r"^[ \t]*(?:#|//)[ \t]?([A-Z][^\n]{24,160})$", re.M)


def comment_inside(code: str, rng: random.Random) -> tuple[str, str] | None:
    """(comment, code without it): a remark is about what stands around it."""
    found = [m for m in _COMMENT.finditer(code) if len(m[1].split()) >= 5 and m.start() > 20]
    if not found:
        return None
    match = rng.choice(found)
    return match[1], code[: match.start()] + code[match.end() :]
