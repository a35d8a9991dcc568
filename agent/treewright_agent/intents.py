"""Intents: what a request asks for, by a small grammar in English and Chinese. No model.

A rule matches a whole sentence or nothing: "rename A to B everywhere" is a request, "do not rename A",
"how do I rename A to B?" and "write about 'rename A to B'" are none. A rule only understands;
whether it can be done, and to which of two symbols, the workspace decides (see `planning`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intent:
    """`rule_id` is the action and the wording that matched, `rename/2`."""

    action: str
    slots: Mapping[str, str]
    rule_id: str
    confidence: float = 0.9


# -------------------------------------------------------------------- pieces of patterns

_N = r"[A-Za-z_]\w*"
_DOTTED = rf"{_N}(?:\.{_N})*"
_FILE = r"[\w./-]*[\w-]+\.\w{1,4}"


def _quoted(name: str, pattern: str) -> str:
    return rf"[`'\"“”‘’]?(?P<{name}>{pattern})(?:\(\))?[`'\"“”‘’]?"


def _symbol(name: str) -> str:
    return _quoted(name, rf"(?:{_FILE}::)?{_DOTTED}")


_KIND = (
    r"(?:the\s+)?(?:(?:python\s+)?(?:function|method|class|variable|constant|symbol|parameter|argument|attribute"
    r"|field|property|name|module|file|identifier|def)\s+)?"
)
_KIND_ZH = r"(?:函数|方法|类|变量|常量|符号|属性|字段|名称|标识符|参数)?\s*"
_EVERYWHERE = (
    r"(?:\s*,?\s*(?:everywhere|globally|across\s+(?:the\s+)?(?:whole\s+|entire\s+)?(?:project|workspace|code\s?base|repo(?:sitory)?)"
    r"|in\s+(?:the\s+)?(?:whole\s+|entire\s+)?(?:project|workspace|code\s?base|repo(?:sitory)?)|in\s+all\s+files"
    r"|throughout(?:\s+the\s+(?:project|workspace|code\s?base|repo(?:sitory)?))?))?"
)
_IN_FILE = rf"(?:\s+(?:in|of|from)\s+(?:the\s+)?(?:file\s+|module\s+)?{_quoted('file', _FILE)})?"
_EVERYWHERE_ZH = r"(?:\s*[,\uff0c]?\s*(?:在)?(?:整个|全部|所有)?(?:项目|工作区|代码库|仓库|文件)?(?:中|里)?(?:的)?(?:所有)?(?:引用|地方|使用处)?)?"

_NAMES = rf"\*?{_N}(?:\s*(?:,|and|、|和)\s*(?:and\s+)?\*?{_N})*"
_FOLDER = r"[\w./-]*[\w-]+/?"
_IN_PLACE = (
    rf"(?:\s*,?\s*(?:everywhere|(?:in|of|from|across|to|throughout)\s+(?:all\s+files\s+(?:of|in)\s+)?(?:the\s+)?(?:whole\s+|entire\s+)?"
    rf"(?:(?:project|workspace|code\s?base|repo(?:sitory)?)|(?:package|folder|directory|file|module)?\s*{_quoted('place', _FOLDER)}(?:\s+(?:package|folder|directory|module))?)))?"
)
_PLACE_ZH = rf"(?:(?:包|文件|目录|模块)?\s*{_quoted('place', _FOLDER)}\s*(?:包|文件|目录|模块)?(?:中|里|下)(?:的)?)"

# Literal values as they are written in Python.
_VALUE = r"(?:None|True|False|-?\d+(?:\.\d+)?|\"[^\"]*\"|'[^']*'|\[\]|\{\}|\(\)|[A-Za-z_][\w.]*)"
_CODE = r"[`“\"'](?P<{0}>[^`”]+?)[`”\"']"


_TEST = _quoted("test", r"[\w./:\[\]-]+")
_TEST_NAMED = _quoted("test", r"[\w./-]*test[\w./-]*(?:::[\w\[\]:-]+)*")


def _rules(action: str, *patterns: str, confidence: float = 0.9) -> tuple[_Rule, ...]:
    return tuple(
        _Rule(
            action, f"{action}/{number}", re.compile(pattern, re.IGNORECASE | re.DOTALL), confidence
        )
        for number, pattern in enumerate(patterns, 1)
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    action: str
    id: str
    pattern: re.Pattern[str]
    confidence: float


_RULES: tuple[_Rule, ...] = (
    *_rules(
        "rename_parameter",
        rf"(?:rename|change)\s+(?:the\s+)?(?:parameter|argument|param|arg|keyword)\s+{_quoted('old', _N)}\s+(?:of|in|on)\s+{_KIND}{_symbol('function')}\s+(?:to|into|as)\s+{_quoted('new', _N)}{_EVERYWHERE}",
        rf"(?:rename|change)\s+{_symbol('function')}(?:'s)\s+(?:parameter|argument|param|arg)\s+{_quoted('old', _N)}\s+(?:to|into)\s+{_quoted('new', _N)}{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('old', _N)}\s*(?:重命名为|改名为|改为|改成)\s*{_quoted('new', _N)}{_EVERYWHERE_ZH}",
    ),
    *_rules(
        "rename_file",
        rf"(?:rename|move)\s+(?:the\s+)?(?:file\s+)?{_quoted('old', _FILE)}\s+(?:to|into|as)\s+{_quoted('new', _FILE)}",
        rf"(?:把|将)\s*(?:文件)?\s*{_quoted('old', _FILE)}\s*(?:重命名为|改名为|移动到|移到|改成)\s*{_quoted('new', _FILE)}",
    ),
    *_rules(
        "rename",
        rf"rename\s+{_KIND}{_symbol('old')}{_IN_FILE}\s+(?:to|into|as|->|→|=>)\s+{_quoted('new', _N)}{_EVERYWHERE}",
        rf"change\s+(?:the\s+)?name\s+of\s+{_KIND}{_symbol('old')}{_IN_FILE}\s+to\s+{_quoted('new', _N)}{_EVERYWHERE}",
        rf"(?:re-?name|call)\s+{_KIND}{_symbol('old')}\s+{_quoted('new', _N)}(?:\s+instead)?{_EVERYWHERE}",
        rf"rename\s+all\s+(?:uses|usages|occurrences|references)\s+of\s+{_KIND}{_symbol('old')}\s+(?:to|into|as)\s+{_quoted('new', _N)}",
        rf"(?:把|将)\s*{_KIND_ZH}{_symbol('old')}\s*(?:全部|都|统一)?\s*(?:重命名为|重命名成|改名为|改名成|更名为|改名叫|改为|改成)\s*{_quoted('new', _N)}{_EVERYWHERE_ZH}",
        rf"(?:重命名|改名)\s*{_KIND_ZH}{_symbol('old')}\s*(?:为|成|到|->|→)\s*{_quoted('new', _N)}{_EVERYWHERE_ZH}",
        rf"(?:在)?(?:整个)?(?:项目|工作区)(?:中|里)?(?:把|将)\s*{_KIND_ZH}{_symbol('old')}\s*(?:重命名为|改名为|改为|改成)\s*{_quoted('new', _N)}",
    ),
    *_rules(
        "replace_import",
        rf"(?:replace|change|switch|swap)\s+(?:the\s+|all\s+|every\s+)?imports?\s+(?:of\s+|from\s+)?{_quoted('old', _DOTTED)}\s+(?:by|with|to|for)\s+(?:imports?\s+(?:of\s+|from\s+)?)?{_quoted('new', _DOTTED)}{_EVERYWHERE}",
        rf"import\s+{_quoted('new', _DOTTED)}\s+instead\s+of\s+{_quoted('old', _DOTTED)}{_EVERYWHERE}",
        rf"use\s+{_quoted('new', _DOTTED)}\s+instead\s+of\s+{_quoted('old', _DOTTED)}\s+in\s+(?:the\s+|all\s+)?imports",
        rf"(?:把|将)\s*(?:所有|全部)?\s*(?:的)?\s*(?:导入|import|引入)\s*{_quoted('old', _DOTTED)}\s*(?:替换为|替换成|换成|改为|改成)\s*(?:导入|import|引入)?\s*{_quoted('new', _DOTTED)}",
        rf"(?:把|将)\s*(?:对)?\s*{_quoted('old', _DOTTED)}\s*的\s*(?:导入|引入|import)\s*(?:都|全部)?\s*(?:替换为|替换成|换成|改为|改成)\s*{_quoted('new', _DOTTED)}",
    ),
    *_rules(
        "move",
        rf"move\s+{_KIND}{_symbol('symbol')}{_IN_FILE}\s+(?:in)?to\s+(?:the\s+)?(?:module|file|package)?\s*{_quoted('target', rf'(?:{_FILE}|{_DOTTED})')}(?:\s+(?:and\s+)?(?:fix|update|adjust)(?:ing)?\s+(?:all\s+)?(?:the\s+)?imports?)?(?:\s+module)?",
        rf"(?:把|将)\s*{_KIND_ZH}{_symbol('symbol')}\s*(?:移动到|移到|挪到|迁移到|搬到)\s*(?:模块|文件)?\s*{_quoted('target', rf'(?:{_FILE}|{_DOTTED})')}\s*(?:模块|文件)?(?:\s*(?:里|中))?(?:\s*[,\uff0c]?\s*并?(?:更新|修复)(?:所有)?(?:的)?导入)?",
    ),
    *_rules(
        "add_parameter",
        rf"add\s+(?:a\s+|an\s+|the\s+)?(?:new\s+)?(?:keyword[- ]only\s+|optional\s+)?(?:parameter|argument|param|arg)\s+[`]?(?P<name>{_N})(?:\s*:\s*(?P<annotation>[\w.\[\], |]+?))?(?:\s*=\s*(?P<default>{_VALUE}))?[`]?\s+(?:to|in|on)\s+{_KIND}{_symbol('function')}(?:\s*,?\s*(?:and|then)\s+pass\s+(?:it|(?P<value>{_VALUE}))(?:\s+(?:along|on|through|at|in|from)\b.*?)?)?{_EVERYWHERE}",
        rf"give\s+{_KIND}{_symbol('function')}\s+(?:a\s+|an\s+)?(?:new\s+)?(?:parameter|argument)\s+[`]?(?P<name>{_N})(?:\s*:\s*(?P<annotation>[\w.\[\], |]+?))?(?:\s*=\s*(?P<default>{_VALUE}))?[`]?(?:\s*,?\s*(?:and|then)\s+pass\s+(?:it|(?P<value>{_VALUE})).*?)?",
        rf"(?:给|为|在)\s*(?:函数|方法)?\s*{_symbol('function')}\s*(?:上|中)?\s*(?:添加|增加|加上|加|新增)\s*(?:一个)?\s*(?:参数|形参)\s*[`]?(?P<name>{_N})(?:\s*:\s*(?P<annotation>[\w.\[\], |]+?))?(?:\s*=\s*(?P<default>{_VALUE}))?[`]?(?:\s*[,\uff0c]?\s*并\s*(?:传递|传入|传)(?:它|(?P<value>{_VALUE}))?.*)?",
    ),
    *_rules(
        "remove_parameter",
        rf"(?:remove|delete|drop)\s+(?:the\s+)?(?:parameter|argument|param|arg)\s+{_quoted('name', _N)}\s+(?:of|from|in)\s+{_KIND}{_symbol('function')}{_EVERYWHERE}",
        rf"(?:删除|移除|去掉)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*(?:参数)\s*{_quoted('name', _N)}",
    ),
    *_rules(
        "remove_flag",
        rf"(?:remove|drop|clean\s+up|retire|delete)\s+(?:the\s+)?(?:feature[- ]?)?(?:flag|toggle|switch)\s+{_symbol('flag')}\s*,?\s*(?:as|\(?(?:it\s+is|it's)?\s*(?:always|assuming|treating\s+it\s+as|=|keeping\s+the|with\s+value)?)\s*(?P<value>true|false|on|off|enabled|disabled)(?:\s+branch)?\)?",
        rf"(?:remove|drop|retire)\s+{_symbol('flag')}\s+(?:feature[- ]?)?(?:flag|toggle)\s*,?\s*(?:as|always)\s+(?P<value>true|false|on|off|enabled|disabled)",
        rf"inline\s+(?:the\s+)?(?:feature[- ]?)?(?:flag|toggle)\s+{_symbol('flag')}\s+as\s+(?P<value>true|false|on|off)",
        rf"(?:删除|移除|去掉|清理)\s*(?:功能|特性)?(?:开关|标志)\s*{_symbol('flag')}\s*[,\uff0c]?\s*(?:取值|值)?\s*(?:为|视为|当作|按|=|并?保留)\s*(?P<value>true|false|真|假|开启|关闭)(?:\s*(?:的)?(?:分支|处理))?",
    ),
    *_rules(
        "remove_unused_imports",
        rf"(?:remove|delete|drop|clean(?:\s+up)?)\s+(?:all\s+)?(?:the\s+)?unused\s+imports?{_IN_FILE}{_EVERYWHERE}",
        rf"(?:删除|移除|清理|去掉)\s*(?:所有|全部)?\s*(?:的)?\s*(?:(?:在)?\s*{_quoted('file', _FILE)}\s*(?:中|里)?\s*(?:的)?\s*)?(?:未使用|没用到?|无用|多余)的?\s*(?:导入|import|引入)(?:语句)?",
    ),
    *_rules(
        "organize_imports",
        rf"(?:organi[sz]e|sort|tidy(?:\s+up)?|clean\s+up)\s+(?:the\s+|all\s+)?imports?{_IN_FILE}{_EVERYWHERE}",
        rf"(?:整理|排序|组织)\s*(?:{_quoted('file', _FILE)}\s*(?:中|里)?(?:的)?\s*)?(?:导入|import|引入)(?:语句)?",
    ),
    *_rules(
        "add_import",
        rf"(?:add\s+(?:an?\s+|the\s+|missing\s+)*import\s+(?:of\s+|for\s+)?|import\s+){_quoted('name', _DOTTED)}\s+(?:in|to|into|at\s+the\s+top\s+of)\s+{_quoted('file', _FILE)}",
        rf"(?:在|给)\s*{_quoted('file', _FILE)}\s*(?:中|里)?\s*(?:添加|增加|加上)?\s*(?:导入|import|引入)\s*{_quoted('name', _DOTTED)}",
    ),
    *_rules(
        "add_decorator",
        rf"(?:add|put)\s+(?:the\s+)?(?:decorator\s+)?[`]?(?P<decorator>@{_DOTTED}(?:\([^)]*\))?|(?<=decorator ){_DOTTED}|{_DOTTED}(?=\s+decorator))[`]?\s+(?:decorator\s+)?(?:to|on|onto)\s+{_KIND}{_symbol('function')}",
        rf"decorate\s+{_KIND}{_symbol('function')}\s+with\s+[`]?(?P<decorator>@?{_DOTTED}(?:\([^)]*\))?)[`]?",
        rf"(?:给|为)\s*(?:函数|方法|类)?\s*{_symbol('function')}\s*(?:添加|加上|增加|加)\s*(?:装饰器)\s*[`]?(?P<decorator>@?{_DOTTED}(?:\([^)]*\))?)[`]?",
    ),
    *_rules(
        "remove_decorator",
        rf"(?:remove|drop|delete)\s+(?:the\s+)?(?:decorator\s+)?[`]?(?P<decorator>@{_DOTTED}|{_DOTTED}(?=\s+decorator))[`]?\s+(?:decorator\s+)?(?:from|of|on)\s+{_KIND}{_symbol('function')}",
        rf"(?:删除|移除|去掉)\s*(?:函数|方法|类)?\s*{_symbol('function')}\s*(?:的|上的)\s*(?:装饰器)\s*[`]?(?P<decorator>@?{_DOTTED})[`]?",
    ),
    *_rules(
        "remove_decorator_everywhere",
        rf"(?:remove|drop|delete|strip)\s+(?:all\s+(?:uses\s+of\s+)?|every\s+|the\s+)*(?:decorator\s+)?[`]?(?P<decorator>@{_DOTTED}|{_DOTTED}(?=[`]?\s+decorators?)|(?<=decorator ){_DOTTED})[`]?(?:\s+decorators?)?\s+(?:everywhere|from\s+(?:all|every)\s+(?:functions?|class(?:es)?|methods?|tests?)|(?:from|in|across)\s+(?:the\s+)?(?:whole\s+|entire\s+)?(?:project|workspace|code\s?base|repo(?:sitory)?)|in\s+all\s+files)",
        rf"(?:在)?(?:整个|全部|所有)?(?:项目|工作区|代码库)?(?:中|里)?\s*(?:删除|移除|去掉)\s*(?:所有|全部|一切)\s*(?:的)?\s*(?:装饰器)?\s*[`]?(?P<decorator>@?{_DOTTED})[`]?\s*(?:装饰器)?",
        rf"(?:把|将)\s*(?:装饰器)?\s*[`]?(?P<decorator>@{_DOTTED})[`]?\s*(?:装饰器)?\s*(?:从\s*(?:整个|所有|全部)(?:项目|工作区|代码库|文件)(?:中|里)?)\s*(?:删除|移除|去掉)",
    ),
    *_rules(
        "delete_symbol",
        rf"(?:safely\s+)?(?:remove|delete)\s+(?:the\s+)?(?:unused\s+|dead\s+)?(?:function|method|class|constant|variable)\s+{_symbol('symbol')}{_IN_FILE}(?:\s+if\s+(?:it\s+is\s+)?unused)?",
        rf"(?:安全)?(?:删除|移除)\s*(?:未使用的)?(?:函数|方法|类|常量|变量)\s*{_symbol('symbol')}",
    ),
    *_rules(
        "inline",
        rf"inline\s+(?:the\s+)?(?:function|method|variable|constant)\s+{_symbol('symbol')}{_EVERYWHERE}",
        rf"内联\s*(?:函数|方法|变量|常量)?\s*{_symbol('symbol')}",
    ),
    *_rules(
        "replace_pattern",
        rf"replace\s+{_CODE.format('old')}\s+(?:by|with)\s+{_CODE.format('new')}{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:所有|全部)?\s*(?:的)?\s*{_CODE.format('old')}\s*(?:替换为|替换成|换成|改为|改成)\s*{_CODE.format('new')}",
    ),
    *_rules(
        "keyword_only",
        rf"make\s+(?:the\s+)?(?:parameters?|arguments?|params?)?\s*{_quoted('names', _NAMES)}\s+(?:of|in|on)\s+{_KIND}{_symbol('function')}\s+keyword[- ]only{_EVERYWHERE}",
        rf"make\s+{_KIND}{_symbol('function')}(?:'s|’s)\s+(?:parameters?|arguments?)?\s*{_quoted('names', _NAMES)}\s+keyword[- ]only{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('names', _NAMES)}\s*(?:改为|改成|变成|设为)\s*(?:仅限|只能用)?\s*(?:关键字|keyword[- ]only)\s*(?:参数|传递|形式)?{_EVERYWHERE_ZH}",
    ),
    *_rules(
        "change_default",
        rf"(?:change|set)\s+(?:the\s+)?default\s+(?:value\s+)?(?:of|for)\s+(?:the\s+)?(?:parameter\s+|argument\s+)?{_quoted('name', _N)}\s+(?:of|in|on)\s+{_KIND}{_symbol('function')}\s+to\s+[`]?(?P<default>{_VALUE})[`]?",
        rf"give\s+(?:the\s+)?(?:parameter\s+|argument\s+){_quoted('name', _N)}\s+(?:of|in|on)\s+{_KIND}{_symbol('function')}\s+(?:the\s+|a\s+)?default\s+(?:value\s+)?(?:of\s+)?[`]?(?P<default>{_VALUE})[`]?",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('name', _N)}\s*的\s*默认值\s*(?:改为|改成|设为|设置为)\s*[`]?(?P<default>{_VALUE})[`]?",
    ),
    *_rules(
        "reorder_parameters",
        rf"(?:reorder|rearrange|sort)\s+(?:the\s+)?(?:parameters|arguments|params)\s+of\s+{_KIND}{_symbol('function')}\s+(?:to|as|into)\s+\(?{_quoted('names', _NAMES)}\)?{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*(?:顺序)?\s*(?:改为|调整为|重排为|改成)\s*{_quoted('names', _NAMES)}",
    ),
    *_rules(
        "annotate_parameter",
        rf"(?:annotate|type)\s+(?:the\s+)?(?:parameter\s+|argument\s+)?{_quoted('name', _N)}\s+(?:of|in|on)\s+{_KIND}{_symbol('function')}\s+(?:as|with)\s+[`]?(?P<annotation>[\w.\[\], |]+?)[`]?",
        rf"add\s+(?:the\s+|a\s+)?type\s+(?:hint\s+|annotation\s+)?[`]?(?P<annotation>[\w.\[\], |]+?)[`]?\s+to\s+(?:the\s+)?(?:parameter|argument)\s+{_quoted('name', _N)}\s+(?:of|in|on)\s+{_KIND}{_symbol('function')}",
    ),
    *_rules(
        "annotate_return",
        rf"(?:annotate|type)\s+(?:the\s+)?return\s+(?:type\s+|value\s+)?of\s+{_KIND}{_symbol('function')}\s+(?:as|with)\s+[`]?(?P<annotation>[\w.\[\], |]+?)[`]?",
        rf"(?:add|set|change)\s+(?:the\s+|a\s+)?return\s+type\s+(?:of\s+{_KIND}{_symbol('function')}\s+to\s+)[`]?(?P<annotation>[\w.\[\], |]+?)[`]?",
    ),
    *_rules(
        "rename_module",
        rf"rename\s+(?:the\s+)?(?:python\s+)?(?:module|package)\s+{_quoted('old', _DOTTED)}\s+(?:to|into|as)\s+{_quoted('new', _DOTTED)}{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:模块|包)\s*{_quoted('old', _DOTTED)}\s*(?:重命名为|改名为|改为|改成)\s*{_quoted('new', _DOTTED)}{_EVERYWHERE_ZH}",
    ),
    *_rules(
        "print_to_logging",
        rf"(?:replace|change|convert|turn)\s+(?:all\s+|every\s+|the\s+)*(?:calls?\s+(?:of|to)\s+)?[`]?print(?:\(\))?[`]?(?:\s+(?:calls|statements))?\s+(?:by|with|to|into)\s+(?:calls?\s+(?:of|to)\s+)?(?:the\s+)?[`]?logg(?:ing|er)(?:\.info)?[`]?(?:\s+calls)?{_IN_PLACE}",
        rf"use\s+(?:the\s+)?[`]?logg(?:ing|er)[`]?\s+instead\s+of\s+[`]?print(?:\(\))?[`]?{_IN_PLACE}",
        rf"(?:在|把|将)?\s*{_PLACE_ZH}?(?:所有|全部)?(?:的)?\s*[`]?print[`]?\s*(?:调用|语句)?\s*(?:替换为|替换成|换成|改为|改成)\s*[`]?(?:logging|logger|日志)[`]?",
    ),
    *_rules(
        "to_f_strings",
        rf"(?:convert|change|turn|rewrite|modernize|modernise)\s+(?:all\s+|every\s+|the\s+)*(?:old\s+)?(?:%[- ]?(?:style\s+)?(?:formatting|format\s+strings|strings)|str\.format(?:\(\))?|format\s+(?:calls|strings)|string\s+formatting)(?:\s+(?:and|or)\s+(?:%[- ]?formatting|str\.format(?:\(\))?))?(?:\s+calls)?\s+(?:to|into|as)\s+f[- ]?strings{_IN_PLACE}",
        rf"use\s+f[- ]?strings(?:\s+instead\s+of\s+(?:%[- ]?formatting|str\.format|format))?{_IN_PLACE}",
        rf"(?:在|把|将)?\s*{_PLACE_ZH}?(?:所有|全部)?(?:的)?\s*(?:字符串格式化|格式化字符串|%\s*格式化|str\.format)\s*(?:都)?\s*(?:替换为|替换成|换成|改为|改成|转换为)\s*f[- ]?(?:strings?|字符串)",
    ),
    *_rules(
        "future_annotations",
        rf"add\s+[`]?from\s+__future__\s+import\s+annotations[`]?\s+(?:to|in)\s+(?:all\s+(?:the\s+)?(?:python\s+)?(?:files|modules)|every\s+(?:file|module)){_IN_PLACE}",
        rf"add\s+[`]?from\s+__future__\s+import\s+annotations[`]?{_IN_PLACE}",
        r"(?:在|给)\s*所有\s*(?:文件|模块)\s*(?:中|里)?\s*(?:添加|加上)\s*[`]?from\s+__future__\s+import\s+annotations[`]?",
    ),
    *_rules(
        "fix_tests",
        rf"(?:fix|repair|mend)\s+(?:the\s+|all\s+|my\s+)?(?:failing|broken|red)\s+(?:unit\s+)?tests?(?:\s+{_TEST})?",
        rf"(?:make|get)\s+(?:the\s+|all\s+)?tests?\s+(?:{_TEST_NAMED}\s+)?(?:pass|green)(?:\s+again)?",
        rf"(?:fix|repair)\s+(?:the\s+)?(?:test\s+)?{_TEST_NAMED}",
        rf"(?:修复|修好|解决)\s*(?:所有|全部)?\s*(?:的)?\s*(?:失败|出错|报错|不通过)的?\s*(?:单元)?测试(?:\s*{_TEST})?",
        rf"让\s*(?:所有|全部)?\s*(?:的)?\s*测试\s*(?:{_TEST}\s*)?(?:都)?通过",
    ),
    *_rules(
        "fix_lint",
        rf"(?:fix|repair|resolve)\s+(?:all\s+|the\s+|every\s+)*(?:lint(?:er|ing)?|ruff|pyflakes)\s+(?:errors?|problems?|warnings?|issues?|findings?){_IN_FILE}{_EVERYWHERE}",
        r"(?:修复|解决)\s*(?:所有|全部)?\s*(?:的)?\s*(?:lint|ruff|代码检查)\s*(?:错误|警告|问题)",
    ),
)  # fmt: skip

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
    return _understood(text) or _sequence(text)


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
    rf"rename\s+(?:it|the\s+(?:function|class|method))?\s*(?:to|into|as)\s+(?P<new>`?{_N}`?)"
    rf"|(?:将其|把它)?\s*(?:重命名为|改名为)\s*(?P<neu>`?{_N}`?)",
    re.IGNORECASE,
)
_PAIR = re.compile(rf"`?(?P<old>{_DOTTED})`?\s+(?:to|into|as|->|→)\s+`?(?P<new>{_N})`?")


def _carried_on(piece: str, before: list[str]) -> str:
    """The piece as a whole sentence: "rename it to g" and "c to d" take up what came before."""
    last = _understood(before[-1]) if before else None
    if last is None:
        return piece
    again = _IT.fullmatch(piece.strip())
    if again is not None and last.action == "move":
        name = last.slots["symbol"].rpartition("::")[2]
        target = last.slots["target"]
        where = f" in {target}" if re.fullmatch(_FILE, target) and "/" in target + "/" else ""
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
    for rule in _RULES:
        match = rule.pattern.fullmatch(text)
        if match is not None:
            slots = {name: value for name, value in match.groupdict().items() if value is not None}
            if _sensible(rule.action, slots):
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
    return Intent("fix_tests", {}, "mend/1", 0.5)


def _without_code(text: str) -> str:
    return re.sub(r"`[^`]*`|\"[^\"]*\"|“[^”]*”", "``", text)


_WORDS = frozenset(
    "it this that them everything all something the a an and or to of in file files code function class method"
    " variable module test tests".split()
)


def _sensible(action: str, slots: Mapping[str, str]) -> bool:
    """No slot is a word of the language instead of a name."""
    named = [slots[k] for k in ("old", "new", "symbol", "function", "name", "flag") if k in slots]
    if action == "replace_pattern":
        return slots["old"].strip() != slots["new"].strip()
    if any(
        value.lower() in _WORDS for value in named if len(value) > 1 or "parameter" not in action
    ):
        return False
    return slots.get("old", "") != slots.get("new", " ")


def flag_value(value: str) -> bool:
    return value.lower() in ("true", "on", "enabled", "真", "开启")
