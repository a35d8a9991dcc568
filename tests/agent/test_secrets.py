"""The detector: shapes of many services, written by code so that this file holds no key."""

from __future__ import annotations

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treewright_agent import feedback
from treewright_agent.guard import find_secrets, redact, secrets

_ALNUM = string.ascii_letters + string.digits
_UPPER = string.ascii_uppercase + string.digits
_HEX = "0123456789abcdef"


def _some(alphabet: str, n: int) -> str:
    return "".join(random.Random(f"{alphabet}{n}").choices(alphabet, k=n))


KEYS = {
    "aws": "AKIA" + _some(_UPPER, 16),
    "github": "ghp_" + _some(_ALNUM, 36),
    "github fine": "github_pat_" + _some(_ALNUM, 60),
    "gitlab": "glpat-" + _some(_ALNUM, 20),
    "slack": "xoxb-" + _some(string.digits, 12) + "-" + _some(_ALNUM, 24),
    "google": "AIza" + _some(_ALNUM, 35),
    "google secret": "GOCSPX-" + _some(_ALNUM, 28),
    "openai": "sk-proj-" + _some(_ALNUM, 48),
    "anthropic": "sk-ant-api03-" + _some(_ALNUM, 60),
    "stripe": "sk_live_" + _some(_ALNUM, 24),
    "pypi": "pypi-" + _some(_ALNUM, 80),
    "npm": "npm_" + _some(_ALNUM, 36),
    "hugging face": "hf_" + _some(_ALNUM, 34),
    "sendgrid": "SG." + _some(_ALNUM, 22) + "." + _some(_ALNUM, 43),
    "twilio": "SK" + _some(_HEX, 32),
    "mailgun": "key-" + _some(_HEX, 32),
    "shopify": "shpat_" + _some(_HEX, 32),
    "square": "sq0csp-" + _some(_ALNUM, 43),
    "digital ocean": "dop_v1_" + _some(_HEX, 64),
    "databricks": "dapi" + _some(_HEX, 32),
    "linear": "lin_api_" + _some(_ALNUM, 40),
    "grafana": "glsa_" + _some(_ALNUM, 32) + "_" + _some(_HEX, 8),
    "new relic": "NRAK-" + _some(_UPPER, 27),
    "postman": "PMAK-" + _some(_HEX, 24) + "-" + _some(_HEX, 34),
    "groq": "gsk_" + _some(_ALNUM, 52),
    "replicate": "r8_" + _some(_ALNUM, 37),
    "vault": "hvs." + _some(_ALNUM, 40),
    "terraform": _some(_ALNUM, 14) + ".atlasv1." + _some(_ALNUM, 67),
    "telegram": _some(string.digits[1:], 10) + ":AA" + _some(_ALNUM, 33),
    "azure": _some(_ALNUM, 3) + "8Q~" + _some(_ALNUM, 34),
    "jwt": "eyJ" + _some(_ALNUM, 30) + ".eyJ" + _some(_ALNUM, 60) + "." + _some(_ALNUM, 43),
    "fly": "FlyV1 " + _some(_ALNUM, 60),
    "private key": "-----BEGIN PRIVATE KEY-----\n" + _some(_ALNUM, 64) + "\n-----END PRIVATE KEY-----",
    "random": _some(_ALNUM, 44),
}  # fmt: skip
AROUND = [
    "{}", "KEY = '{}'", 'const k = "{}";', "export A_TOKEN={}", "curl -H 'Authorization: Bearer {}'",
    "https://x.example/p?access_token={}&a=1", "# old key: {}", '{{"key": "{}"}}', "see ({}), please",
]  # fmt: skip


@pytest.mark.parametrize("name", KEYS)
def test_the_keys_of_many_services_go_wherever_they_stand(name: str) -> None:
    for around in AROUND:
        text = f"before\n{around.format(KEYS[name])}\nafter"
        shown = redact(text)
        body = KEYS[name].split("\n")[1] if "\n" in KEYS[name] else KEYS[name][-24:]
        assert body not in shown, around
        assert shown.startswith("before\n")
        assert shown.endswith("after")
        assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "mysql --password=hunter2hunter", "tool --api-key 9f8e7d6c5b4a", "Server=x;Pwd=Tr0ub4dor;",
        "X-Api-Key: 0123456789abcdef", "https://user:s3cr3tpass@db.example/x",
        "db_password: 'correct horse'", "SECRET_KEY = 'django-insecure-abc$%^'",
    ],
)  # fmt: skip
def test_values_with_telling_names_go(text: str) -> None:
    assert "[REDACTED:" in redact(text)


def test_there_is_one_detector() -> None:
    """What the guard learns holds for what is stored."""
    assert feedback.redact is secrets.redact
    assert redact is secrets.redact


@given(st.text(max_size=200), st.sampled_from(sorted(KEYS)), st.text(max_size=200))
def test_no_surroundings_hide_a_key(before: str, name: str, after: str) -> None:
    if name in ("random", "private key", "fly"):
        return
    shown = redact(f"{before}\n{KEYS[name]}\n{after}")
    assert KEYS[name] not in shown


@given(st.text(alphabet="ab=:'\" \n_-./tokensecretAPIKEY0123456789", max_size=300))
def test_redaction_ends_and_is_stable(text: str) -> None:
    once = redact(text)
    assert redact(once) == once
    for secret in find_secrets(text):
        assert 0 <= secret.start < secret.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 300_000, "a." * 150_000, "a-" * 150_000, "eyJ-" * 75_000, "-eyJaaaaaaaaaa" * 20_000, "sk-" * 100_000,
        "\n" * 300_000, " " * 300_000, ": " * 150_000, "token" + " " * 300_000, "token: " * 40_000, "a=" * 150_000,
        "password" + "a." * 150_000, "http://" * 40_000, "http://a:" * 30_000, "x-api-key" * 30_000, ";" * 300_000,
        "-----BEGIN PRIVATE KEY-----" * 10_000, "PuTTY-User-Key-File-2" * 10_000, "'" * 300_000, "token='" * 40_000,
        "glpat-" * 50_000, "pypi-" * 60_000, "xoxb-" * 60_000, "SG." * 100_000, "--token " * 30_000, "basic " * 50_000,
        "token = '" + "\\" * 300_000, "pscale_" * 40_000, "AKIA" * 70_000, "token\n" * 50_000, "token : a, b" * 20_000,
    ],
    ids=lambda text: repr(text[:12]),
)  # fmt: skip
def test_no_text_takes_for_ever(text: str) -> None:
    """The detector reads what attackers write: none of these makes it try every way to read it.

    One expression that does takes minutes for any of these texts, half a second if none does.
    """
    began = time.process_time()
    find_secrets(text)
    assert time.process_time() - began < 5.0  # 0.6 s at the most, on a busy machine
