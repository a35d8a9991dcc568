"""A real Emacs with Eglot and `editors/emacs/treewright.el`, headless (`emacs --batch`).

Each case is a form that Emacs evaluates with a project open; what it gives comes back as JSON.
`.ci/run` installs Emacs; elsewhere these are skipped without it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_server import ModelServer, Reply, say
from tests.support.neovim import FILES, write
from treewright_agent.feedback import FeedbackStore

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        shutil.which("emacs") is None and not os.environ.get("CI"),
        reason="needs Emacs: apt-get install emacs-nox elpa-eglot",
    ),
]

ROOT = Path(__file__).resolve().parents[2]
PRELUDE = Path(__file__).parent / "emacs" / "prelude.el"


class Emacs:
    def __init__(self, tmp: Path, project: Path, **environment: str) -> None:
        self._tmp = tmp
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI_", "VIRTUAL_ENV"))}
        self._environment = {
            **kept,
            "HOME": str(tmp),
            "PROJECT": str(project),
            "TREEWRIGHT_EMACS": str(ROOT / "editors" / "emacs"),
            "TREEWRIGHT_HOME": str(tmp / "home"),
            "TREEWRIGHT_CMD": f"{sys.executable} -m treewright_server serve",
            "PYTHONPATH": os.pathsep.join(str(ROOT / p) for p in ("server", "agent", "indexer")),
            **environment,
        }

    def value(self, form: str, first: str = "shop/cart.py") -> Any:
        """What the last form of `form` gives, with `first` open in Eglot."""
        path = self._tmp / "form.el"
        path.write_text(form)
        done = subprocess.run(
            ["emacs", "--batch", "-Q", "-l", str(PRELUDE)],
            env={**self._environment, "FIRST": first, "FORM": str(path)},
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = write(tmp_path / "project")
    subprocess.run(["git", "init", "-q", str(root)], check=True)  # how Emacs knows a project
    return root


@pytest.fixture
def emacs(tmp_path: Path, project: Path) -> Emacs:
    return Emacs(tmp_path, project)


def test_definition_references_and_completion(emacs: Emacs) -> None:
    found = emacs.value("""
        (goto-char (point-max))
        (insert "def more(items):\\n    return tot")  ; not saved
        (let ((offered (all-completions "tot" (nth 2 (eglot-completion-at-point)))))
          (insert "al(items)\\n")
          (treewright--flush)  ; Eglot does so half a second after the last key
          (go-to "total(items)")
          (xref-find-references "total")
          (let ((references (places-in "*xref*")))
            (go-to "total(items)")
            (xref-find-definitions "LSP identifier at point.")
            (list (vconcat (mapcar 'substring-no-properties offered))
                  references (file-name-nondirectory buffer-file-name) (line-number-at-pos))))
    """)
    offered, references, name, line = found
    assert "total" in offered
    assert references == ["cart.py:1", "cart.py:5", "cart.py:7", "prices.py:1"]
    assert (name, line) == ("prices.py", 1)


def test_rename_changes_buffers_and_undo_takes_it_back(emacs: Emacs) -> None:
    cart, disk, saved, undone = emacs.value(
        """
        (go-to "total")
        (answer-with (list t))  ; Eglot asks before it opens another file
        (eglot-rename "sum_up")
        (let ((cart (text-of "shop/cart.py")) (disk (on-disk "shop/cart.py")))
          (save-some-buffers t)
          (list cart disk (on-disk "shop/cart.py")
                (with-current-buffer (find-buffer-visiting (expand-file-name "shop/prices.py" (getenv "PROJECT")))
                  (undo-boundary)
                  (undo)
                  (buffer-string))))
        """,
        "shop/prices.py",
    )
    renamed = FILES["shop/cart.py"].replace("total", "sum_up")
    assert (cart, disk, saved) == (renamed, FILES["shop/cart.py"], renamed)
    assert undone == FILES["shop/prices.py"]


LATE = "from shop.prices import total\n\n\n" + FILES["shop/late.py"]


def test_a_problem_is_shown_and_eglots_own_code_action_mends_it(emacs: Emacs) -> None:
    problem, text = emacs.value(
        """
        (wait-for (lambda () (flymake-start) (flymake-diagnostics)) "a problem")
        (let ((problem (mapconcat #'flymake-diagnostic-text (flymake-diagnostics) "; ")))
          (go-to "total")
          (let ((action (cl-find-if (lambda (each) (string-match "shop.prices" (plist-get each :title)))
                                    (eglot-code-actions (point) (point) "quickfix"))))
            (eglot--apply-workspace-edit (plist-get action :edit)))
          (list problem (buffer-string)))
        """,
        "shop/late.py",
    )
    assert "total" in problem
    assert text == LATE


def test_a_fix_is_reviewed_and_one_undo_takes_it_back(emacs: Emacs) -> None:
    diff, fixed, undone = emacs.value(
        """
        (wait-for (lambda () (flymake-start) (flymake-diagnostics)) "a problem")
        (go-to "total")
        (answer-with (list "Import `total` from `shop.prices`" ?y))
        (treewright-fix)
        (let ((fixed (buffer-string)))
          (undo)
          (list (with-current-buffer "*treewright proposal*" (buffer-string)) fixed (buffer-string)))
        """,
        "shop/late.py",
    )
    assert "+from shop.prices import total" in diff
    assert "parse ok" in diff
    assert fixed == LATE
    assert undone == FILES["shop/late.py"]


RENAME = """
    (go-to "total")
    (answer-with (list {answers}))
    (treewright-propose "rename_symbol"
      (list :uri (plist-get (treewright--document) :uri)
            :position (eglot--pos-to-lsp-position (point)) :new_name "sum_up"))
    (list (text-of "shop/cart.py")
          (plist-get (aref (treewright--request :treewright/proposals/list (make-hash-table)) 0)
                     :state))
"""


@pytest.mark.parametrize(
    ("answers", "text", "state"),
    [
        pytest.param("?y", "renamed", "accepted", id="all"),
        pytest.param("?h t", "renamed", "accepted", id="what belongs together is asked once"),
        pytest.param("?h nil", "as it was", "rejected", id="no hunk"),
        pytest.param("?n", "as it was", "rejected", id="rejected"),
    ],
)
def test_a_change_of_several_files_is_reviewed(
    emacs: Emacs, answers: str, text: str, state: str
) -> None:
    cart, told = emacs.value(RENAME.replace("{answers}", answers), "shop/prices.py")
    before = FILES["shop/cart.py"]
    assert cart == (before.replace("total", "sum_up") if text == "renamed" else before)
    assert told == state


def test_what_became_stale_is_refused_and_nothing_is_changed(emacs: Emacs) -> None:
    message, cart, prices = emacs.value(
        """
        (let* ((answer (treewright--request :treewright/propose
                         (list :operation "rename_symbol"
                               :arguments (list :uri (plist-get (treewright--document) :uri)
                                                :position (list :line 0 :character 5)
                                                :new_name "sum_up"))))
               (message nil))
          (with-current-buffer (find-file-noselect (expand-file-name "shop/cart.py" (getenv "PROJECT")))
            (goto-char (point-min))
            (insert "# above\\n"))
          (answer-with (list ?y))
          (condition-case err (treewright-review (plist-get answer :proposal))
            (user-error (setq message (error-message-string err))))
          (list message (text-of "shop/cart.py") (text-of "shop/prices.py")))
        """,
        "shop/prices.py",
    )
    assert "has changed since this was proposed" in message
    assert cart == "# above\n" + FILES["shop/cart.py"]
    assert prices == FILES["shop/prices.py"]


def test_search_and_graph_are_xref_lists_and_what_is_opened_is_told(emacs: Emacs) -> None:
    found, name, callers, stats = emacs.value("""
        (treewright-search "sum of the prices")
        (let ((found (places-in "*xref*")))
          (with-current-buffer "*xref*" (goto-char (point-min)) (forward-line) (xref-goto-xref))
          (let ((opened (buffer-name (window-buffer (selected-window)))))
            (treewright-graph "callers" "total")
            (let ((callers (places-in "*xref*")) stats)
              (wait-for (lambda ()
                (setq stats (with-temp-buffer
                  (apply #'call-process (car (treewright-find-command)) nil '(t nil) nil
                         (append (butlast (cdr (treewright-find-command))) '("feedback" "stats" "--json")))
                  (buffer-string)))
                (string-match-p "\\"searches\\":1" stats)) "the event")
              (list found opened callers (json-read-from-string stats)))))
    """)
    assert found[0] == "prices.py:1"
    assert name == "prices.py"
    assert callers == ["cart.py:5"]
    assert stats["searches"] == 1


def test_a_result_that_is_copied_from_was_of_use_and_a_list_that_is_left_was_not(
    emacs: Emacs, tmp_path: Path
) -> None:
    emacs.value("""
        (let ((code (current-buffer)))
          (treewright-search "sum of the prices")
          (with-current-buffer "*xref*" (goto-char (point-min)) (forward-line) (xref-goto-xref))
          (with-current-buffer "prices.py"
            (kill-ring-save (point-min) (point-max))
            (let ((this-command 'kill-ring-save)) (run-hooks 'post-command-hook)))
          (with-current-buffer code (treewright-search "total"))
          (kill-buffer "*xref*")
          (with-current-buffer code (treewright-search "total of the items"))
          (quit-window nil (get-buffer-window "*xref*"))
          (with-current-buffer code (treewright-status))
          t)
    """)
    with FeedbackStore.open(tmp_path / "home" / "data") as store:
        deadline = time.monotonic() + 30
        told: list[set[str]] = []
        while time.monotonic() < deadline and len(told) < 3:
            told = [{action for _, action in row.uses} for row in store.searches()]
            time.sleep(0.1)
    assert told == [{"opened", "used"}, {"ignored"}, {"ignored"}]


@pytest.fixture
def model() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


CHAT = '(with-current-buffer "*treewright chat*" (buffer-string))'


def test_an_answer_streams_and_is_rated(tmp_path: Path, project: Path, model: ModelServer) -> None:
    model.then(say("It \x1b[31madds prices. " + "word " * 200))
    talking = Emacs(tmp_path, project, OPENAI_BASE_URL=model.url, OPENAI_MODEL="scripted")
    text, parts, rated, second = talking.value(f"""
        (let ((parts 0))
          (advice-add 'treewright--part :before (lambda (part)
            (when (equal (plist-get part :kind) "text") (setq parts (1+ parts)))))
          (treewright-ask "What does total do?")
          (wait-for (lambda () (string-match "Answered by" {CHAT})))
          (list {CHAT} parts (treewright-rate 1 "clear") (treewright-rate -1)))
    """)
    assert "It [31madds prices." in text  # control characters do nothing
    assert "Answered by model" in text
    assert parts > 1
    assert rated == second == {"recorded": True}
    assert "{total(items):.2f}" in str(model.requests[-1]["messages"])


def test_a_task_ends_in_a_review(emacs: Emacs) -> None:
    cart = emacs.value(f"""
        (answer-with (list ?y))
        (treewright-task "rename total to sum_up everywhere")
        (wait-for (lambda () (string-match "sum_up" (text-of "shop/cart.py"))) "the change")
        (list (text-of "shop/cart.py") (on-disk "shop/cart.py") {CHAT})
    """)
    assert cart[0] == FILES["shop/cart.py"].replace("total", "sum_up")
    assert cart[1] == FILES["shop/cart.py"]


def test_settings_reach_the_server_and_a_restricted_one_changes_nothing(
    emacs: Emacs, project: Path
) -> None:
    (project / ".dir-locals.el").write_text(
        "((nil . ((eglot-workspace-configuration . (:treewright (:lint (:enable :json-false)))))))"
    )
    problems = emacs.value(
        """
        (setq enable-local-variables :all)
        (hack-dir-local-variables-non-file-buffer)
        (eglot-signal-didChangeConfiguration (eglot-current-server))
        (wait-for (lambda () (flymake-start) (null (flymake-diagnostics))) "silence")
        (length (flymake-diagnostics))
        """,
        "shop/late.py",
    )
    assert problems == 0
    refused = emacs.value("""
        (setq treewright-trusted nil)
        (eglot-shutdown (eglot-current-server) nil 10)
        (open-file "shop/cart.py")
        (go-to "total")
        (condition-case err
            (treewright-edit "rename total to sum_up everywhere")
          (user-error (error-message-string err)))
    """)
    assert "trust" in refused


# -------------------------------------------------------------------- what goes wrong


def _fails(emacs: Emacs, form: str) -> str:
    """What the user is told by `form`."""
    words = emacs.value(
        f"(condition-case err (progn {form} nil) (error (error-message-string err)))"
    )
    assert words is not None, "nothing went wrong"
    return str(words)


def test_a_server_that_is_missing_or_cannot_run_is_named(
    tmp_path: Path, project: Path, emacs: Emacs
) -> None:
    gone = "(eglot-shutdown (treewright--server) nil 10) (treewright-status)"
    assert "No treewright runs here" in _fails(emacs, gone)
    start = """
        (eglot-shutdown (treewright--server) nil 10)
        (setq eglot-connect-timeout 10)
        (setq treewright-command (list %s "serve"))
        (apply #'eglot (eglot--guess-contact))
    """
    missing = _fails(emacs, start % '"/nowhere/treewright"')
    assert "/nowhere/treewright" in missing
    wrong = tmp_path / "treewright"
    wrong.write_text("#!/bin/sh\necho 'treewright needs Python 3.11; this is 3.8' >&2\nexit 1\n")
    wrong.chmod(0o755)
    said, doctor = emacs.value(f"""
        (list (condition-case err (progn {start % json.dumps(str(wrong))} nil)
                (error (error-message-string err)))
              (progn (treewright-doctor)
                     (with-current-buffer "*treewright doctor*" (buffer-string))))
    """)
    assert said
    assert "needs Python 3.11; this is 3.8" in doctor


def test_the_doctor_answers(emacs: Emacs) -> None:
    said = emacs.value("""
        (treewright-doctor)
        (with-current-buffer "*treewright doctor*" (buffer-string))
    """)
    assert "doctor\n" in said
    assert "ok       python" in said


def test_a_server_that_dies_in_the_middle_loses_nothing(
    tmp_path: Path, project: Path, model: ModelServer
) -> None:
    def slowly(_: object) -> Reply:
        time.sleep(3)
        return say("never heard")

    model.then(slowly)
    talking = Emacs(tmp_path, project, OPENAI_BASE_URL=model.url, OPENAI_MODEL="scripted")
    said, text, again = talking.value(f"""
        (goto-char (point-max))
        (insert "# typed\\n")
        (treewright-ask "What does total do?")
        (sleep-for 1)
        (signal-process (jsonrpc--process (treewright--server)) 'SIGKILL)
        (wait-for (lambda () (string-match "Failed" {CHAT})) "word of it")
        (let ((said {CHAT}) (text (text-of "shop/cart.py")))
          (wait-for (lambda () (null (treewright-server-of-project))))
          (open-file "shop/cart.py")
          (treewright-ask "Who calls total?")
          (wait-for (lambda () (string-match "Answered by" {CHAT})) "an answer")
          (list said text {CHAT}))
    """)
    assert "> Failed:" in said
    assert text == FILES["shop/cart.py"] + "# typed\n"
    assert "Answered by" in again


def test_gigantic_messages_and_hostile_text(
    tmp_path: Path, project: Path, model: ModelServer
) -> None:
    hostile = "<script>alert(1)</script> \x1b]52;c;aGk=\x07 [x](file:///etc/passwd) ```elisp\n(delete-file \"/\")\n```"  # fmt: skip
    model.then(say(hostile), say("That was long."))
    talking = Emacs(tmp_path, project, OPENAI_BASE_URL=model.url, OPENAI_MODEL="scripted")
    text, properties = talking.value(f"""
        (treewright-ask "Say something")
        (wait-for (lambda () (string-match "Answered by" {CHAT})))
        (treewright-ask (make-string 150000 ?x))
        (wait-for (lambda () (string-match "That was long\\\\|Failed" {CHAT})))
        (with-current-buffer "*treewright chat*"
          (list (buffer-string) (length (object-intervals (current-buffer)))))
    """)
    assert "<script>alert(1)</script> ]52;c;aGk= [x](file:///etc/passwd)" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert properties <= 1  # plain text: nothing to click, nothing that is run
    assert "That was long." in text
    assert "cut to" in text
    assert len(str(model.requests[-1]["messages"])) < 140_000
