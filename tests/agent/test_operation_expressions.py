"""Strings, literals and comprehensions: rewritten where they mean the same, refused elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import case_of, check_operation, check_refused

F_STRINGS = [
    pytest.param("'%s'$0 % str(a)", "f'{str(a)}'", id="one value that is text"),
    pytest.param("'%s-%r'$0 % (a, b)", "f'{a}-{b!r}'", id="%s and %r"),
    pytest.param("'%5s|%-5s|%.2f|%05d'$0 % (a, b, c, len(d))", "f'{a!s:>5}|{b!s:5}|{c:.2f}|{len(d):05d}'", id="widths"),
    pytest.param("'100%% {%s}'$0 % (a,)", "f'100% {{{a}}}'", id="percent signs and braces"),
    pytest.param("'%(x)s'$0 % {'x': a}", "f'{a}'", id="a mapping that is written out"),
    pytest.param("'%s'$0 % (a['k'],)", "f'{a[\"k\"]}'", id="the other quotes inside"),
    pytest.param("'{} {}'$0.format(a, b)", "f'{a} {b}'", id="format"),
    pytest.param("'{1}{0}{1}'$0.format(a, b)", "f'{b}{a}{b}'", id="numbers"),
    pytest.param("'{x.y[0]:>{w}}'$0.format(x=a, w=b)", "f'{a.y[0]:>{b}}'", id="names, attributes, a nested width"),
    pytest.param("'{{}} {}'$0.format(a)", "f'{{}} {a}'", id="braces of format"),
    pytest.param("'{!r:>8}'$0.format(a)", "f'{a!r:>8}'", id="conversion and format"),
    pytest.param("('%s'\n   ' %s'$0 % (a, b))", "(f'{a}'\n   f' {b}')", id="strings over lines"),
    pytest.param("'a '$0 + str(x) + ' b'", "f'a {x} b'", id="joined"),
    pytest.param("r'\\d%s'$0 % (a,)", "rf'\\d{a}'", id="raw"),
    pytest.param("'%s'$0 % ({1, 2},)", "f'{ {1, 2} }'", id="a value that begins with a brace"),
    pytest.param("'%s'$0 % (a if b else c,)", "f'{a if b else c}'", id="a conditional"),
    pytest.param("'%s'$0 % (lambda: 1,)", "f'{(lambda: 1)}'", id="a lambda"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), F_STRINGS)
def test_strings_become_f_strings(tmp_path: Path, before: str, after: str) -> None:
    change = check_operation(
        tmp_path, "to_f_string", {"m.py": f"x = {before}\n"}, {"m.py": f"x = {after}\n"}
    )
    assert not any(edit.doubt for file in change.files for edit in file.edits)


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("'%s|%5s|%-5s|%.2s|%r|%a' % (a, b, c, d, e, f)", "abcdef"),
        ("'%5.1f|%+d|% d|%05d|%-5d|%x|%#o|%e' % (n, len(a), len(a), len(a), len(a), len(a), len(a), n)", "an"),
        ("'{0}{1!r:>10}{0:^9}{k[x]}{k[y]}'.format(a, b, k=m)", "abm"),
        ("'{:{}.{}}|{}'.format(n, w, p, a)", "nwpa"),
        ("'%% %s {} {{' % (a,)", "a"),
        ("'{{{}}}%'.format(a)", "a"),
        ("'a' + str(n) + 'b' + str(w)", "nw"),
    ],
)  # fmt: skip
def test_an_f_string_prints_the_same(tmp_path: Path, expression: str, names: str) -> None:
    values: dict[str, Any] = {
        "a": "ä{}'\"", "b": "b", "c": "", "d": "dddd", "e": "'", "f": "ß", "n": 3.14159, "w": 12,
        "p": 3, "m": {"x": 1, "y": "z"},
    }  # fmt: skip
    at = expression.index("'") + 1
    text = f"x = {expression[:at]}$0{expression[at:]}\n"
    with case_of(tmp_path, {"m.py": text}) as case:
        after = case.files_after(case.run("to_f_string"))["m.py"]
    scope = {name: values[name] for name in names}
    one, two = dict(scope), dict(scope)
    exec(text.replace("$0", ""), one)
    exec(after, two)
    assert one["x"] == two["x"]
    assert after.count("f'") + after.count('f"') >= 1


@pytest.mark.parametrize(
    ("before", "doubt"),
    [
        ("'%s'$0 % a", "tuple"),
        ("'%d'$0 % (a,)", "fraction"),
        ("'a'$0 + b", "no text"),
    ],
)
def test_what_only_a_type_decides_is_confirmed(tmp_path: Path, before: str, doubt: str) -> None:
    with case_of(tmp_path, {"m.py": f"x = {before}\n"}) as case:
        ((edit,),) = [file.edits for file in case.run("to_f_string").files]
    assert doubt in edit.doubt


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("b'%s'$0 % (a,)", "no plain text"),
        ("'%(x)s'$0 % a", "no value 'x'|mapping"),
        ("'%*d'$0 % (a, b)", "width is a value"),
        ("'%s'$0 % (a, b)", "does not print"),
        ("'%s %s'$0 % (a,)", "more values"),
        ("'{}'$0.format(*a)", "unpacked"),
        ("'{0}{0}'$0.format(f())", "more than once"),
        ("'{1}{0}'$0.format(f(), g())", "another order"),
        ("'{}'$0.format(a, b)", "does not print"),
        ("'\\x25s'$0 % (a,)", "escape|names no value"),
        ("'\\N{DASH} %s'$0 % (a,)", "N{"),
        ("'%s'$0 % ('\\n'.join(a),)", "backslash"),
        ("'%s'$0 % (a['\"'],)", "quotes"),
        ("'a'$0 + 'b'", "nothing but strings"),
        ("a$0 + b", "no formatted string"),
    ],
)
def test_what_an_f_string_cannot_say_is_refused(tmp_path: Path, before: str, reason: str) -> None:
    check_refused(tmp_path, "to_f_string", {"m.py": f"x = {before}\n"}, reason)


LITERALS = [
    pytest.param("dict$0()", "{}", id="dict()"),
    pytest.param("list$0()", "[]", id="list()"),
    pytest.param("tuple$0()", "()", id="tuple()"),
    pytest.param("dict$0(a=1, b=f())", '{"a": 1, "b": f()}', id="dict with names"),
    pytest.param("dict$0([(a, 1), (b, 2)])", "{a: 1, b: 2}", id="pairs"),
    pytest.param("dict$0((k, v) for k, v in x)", "{k: v for k, v in x}", id="a generator of pairs"),
    pytest.param("set$0([1, 2])", "{1, 2}", id="set"),
    pytest.param("set$0(f(x) for x in y)", "{f(x) for x in y}", id="a set of a generator"),
    pytest.param("list$0((1,))", "[1]", id="a tuple of one"),
    pytest.param("tuple$0([1])", "(1,)", id="a list of one"),
    pytest.param("$0{'a': 1, 'b': 2}", "dict(a=1, b=2)", id="a dictionary of names"),
    pytest.param("$0[]", "list()", id="an empty list"),
    pytest.param("dict$0(\n    a=1,  # one\n)", '{\n    "a": 1,  # one\n}', id="comments stay"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), LITERALS)
def test_literals_and_calls(tmp_path: Path, before: str, after: str) -> None:
    check_operation(
        tmp_path, "convert_literal", {"m.py": f"x = {before}\n"}, {"m.py": f"x = {after}\n"}
    )


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("set$0()", "no literal"),
        ("set$0([])", "no literal"),
        ("dict$0(**a)", "written out"),
        ("dict$0(a)", "written out"),
        ("list$0(a)", "written out"),
        ("$0{'a b': 1}", "cannot name an argument"),
        ("$0{'class': 1}", "cannot name an argument"),
        ("$0{'a': 1, 'a': 2}", "twice"),
        ("$0{a: 1}", "no name"),
        ("tuple$0(x for x in y)", "no tuple comprehension"),
    ],
)
def test_what_has_no_other_form_is_refused(tmp_path: Path, before: str, reason: str) -> None:
    check_refused(tmp_path, "convert_literal", {"m.py": f"x = {before}\n"}, reason)


def test_another_dict_is_left_alone(tmp_path: Path) -> None:
    check_refused(
        tmp_path, "convert_literal", {"m.py": "from m import dict\nx = dict$0(a=1)\n"}, "means something else"
    )  # fmt: skip


COMPREHENSIONS = [
    pytest.param("r = []\nfor$0 x in y:\n    r.append(f(x))\n", "r = [f(x) for x in y]\n", id="a list"),
    pytest.param("r = set()\nfor$0 x in y:\n    r.add(x)\n", "r = {x for x in y}\n", id="a set"),
    pytest.param("r: dict[str, int] = {}\nfor$0 k, v in y:\n    r[k] = v\n", "r: dict[str, int] = {k: v for k, v in y}\n", id="a dict with its annotation"),
    pytest.param("r = []\nfor$0 x in y:\n    if x or z:\n        for w in x:\n            r.append((w, x))\n", "r = [(w, x) for x in y if x or z for w in x]\n", id="conditions and loops inside"),
    pytest.param("r = []\nfor$0 x in a, b:\n    r.append(x)\n", "r = [x for x in (a, b)]\n", id="a tuple without parentheses"),
    pytest.param("r = []\nfor$0 x in (a if b else c):\n    r.append(x if x else None)\n", "r = [x if x else None for x in (a if b else c)]\n", id="conditional expressions"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), COMPREHENSIONS)
def test_a_loop_becomes_a_comprehension(tmp_path: Path, before: str, after: str) -> None:
    def inside(text: str) -> str:
        lines = "".join(f"    {line}\n" for line in text.splitlines())
        return f"def g(y, z, a, b, c):\n{lines}    return r\n"

    check_operation(
        tmp_path, "loop_to_comprehension", {"m.py": inside(before)}, {"m.py": inside(after)}
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("def g(y):\n    r = []\n    for$0 x in y:\n        if x not in r:\n            r.append(x)\n    return r\n", "read while it is filled", id="reads itself"),
        pytest.param("def g(y):\n    r = []\n    for$0 x in y:\n        r.append(x)\n    return r, x\n", "used in line 5", id="the variable is used behind"),
        pytest.param("def g(y):\n    r = []\n    for$0 x in y:\n        r.append(x)\n        h(x)\n", "does more", id="does more"),
        pytest.param("def g(y):\n    r = []\n    for$0 x in y:\n        r.append(x)\n    else:\n        h()\n", "has an else", id="else"),
        pytest.param("def g(y):\n    r = [1]\n    for$0 x in y:\n        r.append(x)\n", "no empty collection", id="not empty"),
        pytest.param("def g(y):\n    r = []\n    for$0 x in y:\n        r.append((yield x))\n", "yields", id="yields"),
        pytest.param("class A:\n    r = []\n    for$0 x in y:\n        r.append(x)\n", "class body", id="in a class"),
        pytest.param("def g(y):\n    r = []\n    for$0 x in y:\n        # why\n        r.append(x)\n", "comment in line 4", id="a comment"),
        pytest.param("def g(y):\n    r = []\n    for$0 x.a in y:\n        r.append(x)\n", "more than a name", id="an attribute"),
        pytest.param("def g(y):\n    global x\n    r = []\n    for$0 x in y:\n        r.append(x)\n", "shared", id="a global"),
    ],
)  # fmt: skip
def test_a_loop_that_does_more_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "loop_to_comprehension", {"m.py": text}, reason)


LOOPS = [
    pytest.param("def g(y):\n    r = [$0f(x) for x in y if x]\n    return r\n", "def g(y):\n    r = []\n    for x in y:\n        if x:\n            r.append(f(x))\n    return r\n", id="assigned"),
    pytest.param("def g(y):\n    return {$0k: v for k, v in y}\n", "def g(y):\n    result = {}\n    for k, v in y:\n        result[k] = v\n    return result\n", id="returned"),
    pytest.param("def g(y, result):\n    return {$0x for x in result}\n", "def g(y, result):\n    result_2 = set()\n    for x in result:\n        result_2.add(x)\n    return result_2\n", id="the name is taken"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), LOOPS)
def test_a_comprehension_becomes_a_loop(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "comprehension_to_loop", {"m.py": before}, {"m.py": after})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("def g(x):\n    r = [$0x for x in x]\n", "would be hidden", id="hides a name"),
        pytest.param("def g(r):\n    r = [$0x for x in r]\n", "is read by the comprehension", id="reads what it fills"),
        pytest.param("def g(y):\n    h([$0x for x in y])\n", "not the whole value", id="an argument"),
        pytest.param("def g(y):\n    return ($0x for x in y)\n", "generator", id="a generator"),
        pytest.param("class A:\n    r = [$0x for x in y]\n", "attributes of the class", id="in a class"),
    ],
)  # fmt: skip
def test_a_comprehension_that_must_stay(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "comprehension_to_loop", {"m.py": text}, reason)
