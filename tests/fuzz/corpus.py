"""Examples that were worth keeping: each broke something once, here or in another program like it.

They are replayed before anything is made up. Add what a run finds; say in a word what it is.
"""

from __future__ import annotations

MODEL_TEXTS: list[str] = [
    "", "FINAL:", "FINAL: ", "FINAL_CODE:\n```python\n", "```json\n{", '```json\n{"tool": "x", "arguments": {}}\n```',
    '{"tool": "edit_file", "arguments": "not an object"}', '{"tool": null}', "[" * 5_000, "{" * 5_000, '{"a":' * 3_000,
    "```\n" * 2_000, "THOUGHT: " * 1_000, "\u2028FINAL: x", "FINAL: \ud800".encode("utf-8", "replace").decode(), "\x00",
    '{"tool": "a", "arguments": {"x": 1e999}}', '{"tool": "a", "arguments": {"x": NaN}}', "```json\r\n{}\r\n```",
    'call: edit_file({"file_path": "a.py"})', "<tool_call>{}</tool_call>", "FINAL: a FINAL: b", "`" * 10_000,
]  # fmt: skip

PATCHES: list[str] = [
    "", "---", "--- a\n+++ b\n", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b", "--- a/x\n+++ b/x\n@@ -1,999999999 +1 @@\n-a\n",
    "--- a/x\n+++ b/x\n@@ -0,0 +1,0 @@\n", "@@ @@", "--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n",
    "--- a/../../x\n+++ b/../../x\n@@ -1 +1 @@\n-a\n+b\n", "--- \"a/\\303\\251\"\n+++ \"b/\\303\\251\"\n@@ -1 +1 @@\n-a\n+b\n",
    "diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n", "GIT binary patch\nliteral 10\nzcmZ\n",
    "diff --git a/x b/x\nold mode 100644\nnew mode 120000\n", "--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n+b\r\n",
    "\\ No newline at end of file\n", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n a\n a\n a\n", "*** Begin Patch\n*** Update File: x\n@@\n-a\n+b\n*** End Patch\n",
    "--- a/x\t2020-01-01\n+++ b/x\t2020-01-01\n@@ -1 +1 @@\n-\x0c\n+\x0b\n", "@@ -1 +1 @@\n" * 500,
]  # fmt: skip

MESSAGES: list[object] = [
    None, [], {}, 7, "x", {"jsonrpc": "2.0"}, {"jsonrpc": "2.0", "id": None, "method": "echo"},
    {"jsonrpc": "2.0", "id": 1.5, "method": "echo"}, {"jsonrpc": "2.0", "id": True, "method": "echo"},
    {"jsonrpc": "2.0", "id": [], "method": "echo"}, {"jsonrpc": "2.0", "id": 1, "method": 7},
    {"jsonrpc": "1.0", "id": 1, "method": "echo"}, {"jsonrpc": "2.0", "id": 1, "method": "echo", "params": "text"},
    {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": {}}},
    {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": None}, {"jsonrpc": "2.0", "id": 1, "result": {}},
    {"jsonrpc": "2.0", "id": "x", "error": "not an object"}, {"jsonrpc": "2.0", "id": "", "method": ""},
    {"jsonrpc": "2.0", "id": -(2**70), "method": "echo"}, {"jsonrpc": "2.0", "id": 1, "method": "echo", "params": None},
]  # fmt: skip

SETTINGS: list[object] = [
    {}, {"treewright": None}, {"treewright": {"agent": []}}, {"agent": {"maxCost": "NaN"}}, {"agent": {"maxSeconds": -1}},
    {"agent": {"endpoints": [{}]}}, {"agent": {"endpoints": {"id": 1}}}, {"agent.maxTokens": 5}, {"": {"": ""}},
    {"index": {"exclude": "x"}}, {"lint": {"enable": 1}}, {"features": {"hover": True}}, {"agent": {"roles": {"main": "x"}}},
    {"index": {"workers": 1e400}}, {"search": {"threads": 2**80}}, {"log": {"level": "LOUD"}}, {"agent": {"trusted": "no"}},
]  # fmt: skip

STEPS: list[object] = [
    {"event": "tool_call"}, {"event": "tool_call", "name": "", "arguments": {}}, {"event": "tool_call", "name": "x", "arguments": []},
    {"event": "finish", "summary": None}, {"event": []}, {"event": "finish"}, {"event": "FINISH"},
    None, [], "", {}, {"action": 7}, {"type": "tool_call"}, {"type": "tool_call", "tool_name": None, "arguments": []},
    {"status": "finish"}, {"status": "tool_call", "tool_call": {"name": "x", "arguments": "{"}}, {"finish": True, "tool": "x"},
    {"tool_calls": [{"function": {"name": "x", "arguments": "[1]"}}]}, {"status": "error", "message": None},
]  # fmt: skip
