"""The grammar of requests: wordings in English and Chinese, each a pattern of a whole sentence.

A wording is one row of `RULES`; its named groups are the slots that planning reads. `file` may be
a file, a dotted module or the class or function that something stands in: what it is, the
workspace decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

NAME = r"[A-Za-z_]\w*"
DOTTED = rf"{NAME}(?:\.{NAME})*"
FILE = r"[\w./-]*[\w-]+\.\w{1,4}"


def _quoted(name: str, pattern: str) -> str:
    return rf"[`'\"“”‘’]?(?P<{name}>{pattern})(?:\(\))?[`'\"“”‘’]?"


def _symbol(name: str) -> str:
    return _quoted(name, rf"(?:{FILE}::)?{DOTTED}")


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
_MODULE = rf"(?:{FILE}|{DOTTED})"
_PLACE = rf"(?:{FILE}|[\w.-]+(?:/[\w.-]+)*/?|{DOTTED})"
# A word of the language behind "in" is no place.
_A_PLACE = (
    r"(?!(?:the\s+)?(?:whole|entire|project|workspace|code|code\s?base|repo|repository|all|every|it|them|this|order)\b)"
    r"(?:the\s+)?(?:(?:file|module|package|folder|directory|class|function|method)\s+)?"
)
_IN_FILE = rf"(?:\s+(?:in|of|from|on)\s+{_A_PLACE}{_quoted('file', _PLACE)}(?:\s+(?:class|module|file|package|folder))?)?"
_FUNCTION = rf"{_KIND}{_symbol('function')}{_IN_FILE}"
_EVERYWHERE_ZH = r"(?:\s*[,\uff0c]?\s*(?:在)?(?:整个|全部|所有)?(?:项目|工作区|代码库|仓库|文件)?(?:中|里)?(?:的)?(?:所有)?(?:引用|地方|使用处)?)?"

_NAMES = rf"\*?{NAME}(?:\s*(?:,|and|、|和)\s*(?:and\s+)?\*?{NAME})*"
_SYMBOLS = rf"(?:{FILE}::)?{DOTTED}(?:\s*(?:,|and|&|、|和)\s*(?:and\s+)?(?:the\s+)?(?:(?:function|class|constant|variable)\s+)?`?{DOTTED}`?)*"
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


@dataclass(frozen=True)
class Rule:
    """One wording. It is compiled when a request first holds one of its `words`: compiling all of
    them takes longer than most requests."""

    action: str
    id: str
    words: tuple[str, ...]
    wording: str
    confidence: float

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.wording, re.IGNORECASE | re.DOTALL)

    def slots(self, text: str) -> dict[str, str] | None:
        """What stands in the slots when the whole of `text` is this wording."""
        lowered = text.lower()
        if not any(word in lowered for word in self.words):
            return None
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        return {name: value for name, value in match.groupdict().items() if value is not None}


def _rules(action: str, words: str, *wordings: str, confidence: float = 0.9) -> tuple[Rule, ...]:
    """`words`: a request that holds none of them is none of these wordings."""
    return tuple(
        Rule(action, f"{action}/{number}", tuple(words.split()), wording, confidence)
        for number, wording in enumerate(wordings, 1)
    )


RULES: tuple[Rule, ...] = (
    *_rules(
        "to_dataclass", "dataclass 数据类",
        rf"(?:convert|turn|make|change|rewrite)\s+{_KIND}{_symbol('symbol')}{_IN_FILE}\s+(?:(?:in)?to\s+|as\s+)?(?:a\s+)?dataclass",
        rf"(?:把|将)\s*{_KIND_ZH}{_symbol('symbol')}\s*(?:转换为|转为|改为|改成|变成)\s*(?:dataclass|数据类)",
    ),
    *_rules(
        "rename_parameter", "rename change 参数",
        rf"(?:rename|change)\s+(?:the\s+)?(?:parameter|argument|param|arg|keyword)\s+{_quoted('old', NAME)}\s+(?:of|in|on)\s+{_FUNCTION}\s+(?:to|into|as)\s+{_quoted('new', NAME)}{_EVERYWHERE}",
        rf"(?:rename|change)\s+{_symbol('function')}(?:'s)\s+(?:parameter|argument|param|arg)\s+{_quoted('old', NAME)}\s+(?:to|into)\s+{_quoted('new', NAME)}{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('old', NAME)}\s*(?:重命名为|改名为|改为|改成)\s*{_quoted('new', NAME)}{_EVERYWHERE_ZH}",
    ),
    *_rules(
        "rename_file", "rename move 重命名 改名 移 改成",
        rf"(?:rename|move)\s+(?:the\s+)?(?:file\s+|module\s+(?=\S*/))?{_quoted('old', FILE)}\s+(?:to|into|as)\s+{_quoted('new', FILE)}",
        rf"(?:把|将)\s*(?:文件)?\s*{_quoted('old', FILE)}\s*(?:重命名为|改名为|移动到|移到|改成)\s*{_quoted('new', FILE)}",
    ),
    *_rules(
        "rename", "name call 命名 改 更名",
        rf"rename\s+{_KIND}{_symbol('old')}{_IN_FILE}\s+(?:to|into|as|->|→|=>)\s+{_quoted('new', NAME)}{_EVERYWHERE}",
        rf"change\s+(?:the\s+)?name\s+of\s+{_KIND}{_symbol('old')}{_IN_FILE}\s+to\s+{_quoted('new', NAME)}{_EVERYWHERE}",
        rf"(?:re-?name|call)\s+{_KIND}{_symbol('old')}\s+{_quoted('new', NAME)}(?:\s+instead)?{_EVERYWHERE}",
        rf"rename\s+all\s+(?:uses|usages|occurrences|references)\s+of\s+{_KIND}{_symbol('old')}\s+(?:to|into|as)\s+{_quoted('new', NAME)}",
        rf"(?:把|将)\s*{_KIND_ZH}{_symbol('old')}\s*(?:全部|都|统一)?\s*(?:重命名为|重命名成|改名为|改名成|更名为|改名叫|改为|改成)\s*{_quoted('new', NAME)}{_EVERYWHERE_ZH}",
        rf"(?:重命名|改名)\s*{_KIND_ZH}{_symbol('old')}\s*(?:为|成|到|->|→)\s*{_quoted('new', NAME)}{_EVERYWHERE_ZH}",
        rf"(?:在)?(?:整个)?(?:项目|工作区)(?:中|里)?(?:把|将)\s*{_KIND_ZH}{_symbol('old')}\s*(?:重命名为|改名为|改为|改成)\s*{_quoted('new', NAME)}",
    ),
    *_rules(
        "replace_import", "import 导入 引入",
        rf"(?:replace|change|switch|swap)\s+(?:the\s+|all\s+|every\s+)?imports?\s+(?:of\s+|from\s+)?{_quoted('old', DOTTED)}\s+(?:by|with|to|for)\s+(?:imports?\s+(?:of\s+|from\s+)?)?{_quoted('new', DOTTED)}{_EVERYWHERE}",
        rf"import\s+{_quoted('new', DOTTED)}\s+instead\s+of\s+{_quoted('old', DOTTED)}{_EVERYWHERE}",
        rf"use\s+{_quoted('new', DOTTED)}\s+instead\s+of\s+{_quoted('old', DOTTED)}\s+in\s+(?:the\s+|all\s+)?imports",
        rf"(?:把|将)\s*(?:所有|全部)?\s*(?:的)?\s*(?:导入|import|引入)\s*{_quoted('old', DOTTED)}\s*(?:替换为|替换成|换成|改为|改成)\s*(?:导入|import|引入)?\s*{_quoted('new', DOTTED)}",
        rf"(?:把|将)\s*(?:对)?\s*{_quoted('old', DOTTED)}\s*的\s*(?:导入|引入|import)\s*(?:都|全部)?\s*(?:替换为|替换成|换成|改为|改成)\s*{_quoted('new', DOTTED)}",
    ),
    *_rules(
        "move", "move 移 挪 搬",
        rf"move\s+{_KIND}{_quoted('symbol', _SYMBOLS)}{_IN_FILE}\s+(?:in)?to\s+(?:the\s+)?(?:module|file|package)?\s*{_quoted('target', _MODULE)}(?:\s+(?:and\s+)?(?:fix|update|adjust)(?:ing)?\s+(?:all\s+)?(?:the\s+)?imports?)?(?:\s+module)?",
        rf"(?:把|将)\s*{_KIND_ZH}{_quoted('symbol', _SYMBOLS)}\s*(?:移动到|移到|挪到|迁移到|搬到)\s*(?:模块|文件)?\s*{_quoted('target', _MODULE)}\s*(?:模块|文件)?(?:\s*(?:里|中))?(?:\s*[,\uff0c]?\s*并?(?:更新|修复)(?:所有)?(?:的)?导入)?",
    ),
    *_rules(
        "add_parameter", "add give 参",
        rf"add\s+(?:a\s+|an\s+|the\s+)?(?:new\s+)?(?:keyword[- ]only\s+|keyword\s+|optional\s+|named\s+)?(?:parameter|argument|param|arg)\s+[`]?(?P<name>{NAME})(?:\s*:\s*(?P<annotation>[\w.\[\], |]+?))?(?:\s*=\s*(?P<default>{_VALUE}))?[`]?\s+(?:to|in|on)\s+{_FUNCTION}(?:\s*,?\s*(?:and|then)\s+(?P<passed>pass)\s+(?:it|(?P<value>{_VALUE}))(?:\s+(?:along|on|through|at|in|from)\b.*?)?)?{_EVERYWHERE}",
        rf"give\s+{_FUNCTION}\s+(?:a\s+|an\s+)?(?:new\s+)?(?:parameter|argument)\s+[`]?(?P<name>{NAME})(?:\s*:\s*(?P<annotation>[\w.\[\], |]+?))?(?:\s*=\s*(?P<default>{_VALUE}))?[`]?(?:\s*,?\s*(?:and|then)\s+(?P<passed>pass)\s+(?:it|(?P<value>{_VALUE})).*?)?",
        rf"(?:给|为|在)\s*(?:函数|方法)?\s*{_symbol('function')}\s*(?:上|中)?\s*(?:添加|增加|加上|加|新增)\s*(?:一个)?\s*(?:参数|形参)\s*[`]?(?P<name>{NAME})(?:\s*:\s*(?P<annotation>[\w.\[\], |]+?))?(?:\s*=\s*(?P<default>{_VALUE}))?[`]?(?:\s*[,\uff0c]?\s*并\s*(?P<passed>传递|传入|传)(?:它|(?P<value>{_VALUE}))?.*)?",
    ),
    *_rules(
        "remove_parameter", "remove delete drop 参数",
        rf"(?:remove|delete|drop)\s+(?:the\s+)?(?:parameter|argument|param|arg)\s+{_quoted('name', NAME)}\s+(?:of|from|in)\s+{_FUNCTION}{_EVERYWHERE}",
        rf"(?:删除|移除|去掉)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*(?:参数)\s*{_quoted('name', NAME)}",
    ),
    *_rules(
        "remove_flag", "flag toggle switch 开关 标志",
        rf"(?:remove|drop|clean\s+up|retire|delete)\s+(?:the\s+)?(?:feature[- ]?)?(?:flag|toggle|switch)\s+{_symbol('flag')}\s*,?\s*(?:as|\(?(?:it\s+is|it's)?\s*(?:always|assuming|treating\s+it\s+as|=|keeping\s+the|with\s+value)?)\s*(?P<value>true|false|on|off|enabled|disabled)(?:\s+branch)?\)?",
        rf"(?:remove|drop|retire)\s+{_symbol('flag')}\s+(?:feature[- ]?)?(?:flag|toggle)\s*,?\s*(?:as|always)\s+(?P<value>true|false|on|off|enabled|disabled)",
        rf"inline\s+(?:the\s+)?(?:feature[- ]?)?(?:flag|toggle)\s+{_symbol('flag')}\s+as\s+(?P<value>true|false|on|off)",
        rf"(?:删除|移除|去掉|清理)\s*(?:功能|特性)?(?:开关|标志)\s*{_symbol('flag')}\s*[,\uff0c]?\s*(?:取值|值)?\s*(?:为|视为|当作|按|=|并?保留)\s*(?P<value>true|false|真|假|开启|关闭)(?:\s*(?:的)?(?:分支|处理))?",
    ),
    *_rules(
        "remove_unused_imports", "import 导入 引入",
        rf"(?:remove|delete|drop|clean(?:\s+up)?)\s+(?:all\s+)?(?:the\s+)?unused\s+imports?{_IN_FILE}{_EVERYWHERE}",
        rf"(?:删除|移除|清理|去掉)\s*(?:所有|全部)?\s*(?:的)?\s*(?:(?:在)?\s*{_quoted('file', FILE)}\s*(?:中|里)?\s*(?:的)?\s*)?(?:未使用|没用到?|无用|多余)的?\s*(?:导入|import|引入)(?:语句)?",
    ),
    *_rules(
        "organize_imports", "import 导入 引入",
        rf"(?:organi[sz]e|sort|tidy(?:\s+up)?|clean\s+up)\s+(?:the\s+|all\s+)?imports?{_IN_FILE}{_EVERYWHERE}",
        rf"(?:整理|排序|组织)\s*(?:{_quoted('file', FILE)}\s*(?:中|里)?(?:的)?\s*)?(?:导入|import|引入)(?:语句)?",
    ),
    *_rules(
        "add_import", "import 导入 引入",
        rf"(?:add\s+(?:an?\s+|the\s+|missing\s+)*import\s+(?:of\s+|for\s+)?|import\s+){_quoted('name', DOTTED)}\s+(?:in|to|into|at\s+the\s+top\s+of)\s+{_quoted('file', FILE)}",
        rf"(?:在|给)\s*{_quoted('file', FILE)}\s*(?:中|里)?\s*(?:添加|增加|加上)?\s*(?:导入|import|引入)\s*{_quoted('name', DOTTED)}",
    ),
    *_rules(
        "add_decorator", "add put decorate 装饰器",
        rf"(?:add|put)\s+(?:the\s+)?(?:decorator\s+)?[`]?(?P<decorator>@{DOTTED}(?:\([^)]*\))?|(?<=decorator ){DOTTED}|{DOTTED}(?=\s+decorator))[`]?\s+(?:decorator\s+)?(?:to|on|onto)\s+{_FUNCTION}",
        rf"decorate\s+{_FUNCTION}\s+with\s+[`]?(?P<decorator>@?{DOTTED}(?:\([^)]*\))?)[`]?",
        rf"(?:给|为)\s*(?:函数|方法|类)?\s*{_symbol('function')}\s*(?:添加|加上|增加|加)\s*(?:装饰器)\s*[`]?(?P<decorator>@?{DOTTED}(?:\([^)]*\))?)[`]?",
    ),
    *_rules(
        "remove_decorator", "remove drop delete 装饰器",
        rf"(?:remove|drop|delete)\s+(?:the\s+)?(?:decorator\s+)?[`]?(?P<decorator>@{DOTTED}|{DOTTED}(?=\s+decorator))[`]?\s+(?:decorator\s+)?(?:from|of|on)\s+{_FUNCTION}",
        rf"(?:删除|移除|去掉)\s*(?:函数|方法|类)?\s*{_symbol('function')}\s*(?:的|上的)\s*(?:装饰器)\s*[`]?(?P<decorator>@?{DOTTED})[`]?",
    ),
    *_rules(
        "remove_decorator_everywhere", "remove drop delete strip 删除 移除 去掉",
        rf"(?:remove|drop|delete|strip)\s+(?:all\s+(?:uses\s+of\s+)?|every\s+|the\s+)*(?:decorator\s+)?[`]?(?P<decorator>@{DOTTED}|{DOTTED}(?=[`]?\s+decorators?)|(?<=decorator ){DOTTED})[`]?(?:\s+decorators?)?\s+(?:everywhere|from\s+(?:all|every)\s+(?:functions?|class(?:es)?|methods?|tests?)|(?:from|in|across)\s+(?:the\s+)?(?:whole\s+|entire\s+)?(?:project|workspace|code\s?base|repo(?:sitory)?)|in\s+all\s+files)",
        rf"(?:在)?(?:整个|全部|所有)?(?:项目|工作区|代码库)?(?:中|里)?\s*(?:删除|移除|去掉)\s*(?:所有|全部|一切)\s*(?:的)?\s*(?:装饰器)?\s*[`]?(?P<decorator>@?{DOTTED})[`]?\s*(?:装饰器)?",
        rf"(?:把|将)\s*(?:装饰器)?\s*[`]?(?P<decorator>@{DOTTED})[`]?\s*(?:装饰器)?\s*(?:从\s*(?:整个|所有|全部)(?:项目|工作区|代码库|文件)(?:中|里)?)\s*(?:删除|移除|去掉)",
    ),
    *_rules(
        "delete_symbol", "remove delete 删除 移除",
        rf"(?:safely\s+)?(?:remove|delete)\s+(?:the\s+)?(?:unused\s+|dead\s+)?(?:(?P<kind>function|method|class|constant|variable)\s+)?{_symbol('symbol')}{_IN_FILE}(?:\s+if\s+(?:it\s+is\s+)?unused)?",
        rf"(?:安全)?(?:删除|移除)\s*(?:未使用的)?(?P<kind>函数|方法|类|常量|变量)\s*{_symbol('symbol')}",
    ),
    *_rules(
        "inline", "inline 内联",
        rf"inline\s+(?:the\s+)?(?:(?P<kind>function|method|variable|constant)\s+)?{_symbol('symbol')}{_IN_FILE}{_EVERYWHERE}",
        rf"内联\s*(?P<kind>函数|方法|变量|常量)?\s*{_symbol('symbol')}",
    ),
    *_rules(
        "replace_pattern", "replace 换 改",
        rf"replace\s+{_CODE.format('old')}\s+(?:by|with)\s+{_CODE.format('new')}{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:所有|全部)?\s*(?:的)?\s*{_CODE.format('old')}\s*(?:替换为|替换成|换成|改为|改成)\s*{_CODE.format('new')}",
    ),
    *_rules(
        "keyword_only", "keyword 关键字",
        rf"make\s+(?:the\s+)?(?:parameters?|arguments?|params?)?\s*{_quoted('names', _NAMES)}\s+(?:of|in|on)\s+{_FUNCTION}\s+keyword[- ]only{_EVERYWHERE}",
        rf"make\s+{_KIND}{_symbol('function')}(?:'s|’s)\s+(?:parameters?|arguments?)?\s*{_quoted('names', _NAMES)}\s+keyword[- ]only{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('names', _NAMES)}\s*(?:改为|改成|变成|设为)\s*(?:仅限|只能用)?\s*(?:关键字|keyword[- ]only)\s*(?:参数|传递|形式)?{_EVERYWHERE_ZH}",
    ),
    *_rules(
        "change_default", "default 默认值",
        rf"(?:change|set)\s+(?:the\s+)?default\s+(?:value\s+)?(?:of|for)\s+(?:the\s+)?(?:parameter\s+|argument\s+)?{_quoted('name', NAME)}\s+(?:of|in|on)\s+{_FUNCTION}\s+to\s+[`]?(?P<default>{_VALUE})[`]?",
        rf"give\s+(?:the\s+)?(?:parameter\s+|argument\s+){_quoted('name', NAME)}\s+(?:of|in|on)\s+{_FUNCTION}\s+(?:the\s+|a\s+)?default\s+(?:value\s+)?(?:of\s+)?[`]?(?P<default>{_VALUE})[`]?",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('name', NAME)}\s*的\s*默认值\s*(?:改为|改成|设为|设置为)\s*[`]?(?P<default>{_VALUE})[`]?",
    ),
    *_rules(
        "reorder_parameters", "reorder rearrange sort 参数",
        rf"(?:reorder|rearrange|sort)\s+(?:the\s+)?(?:parameters|arguments|params)\s+of\s+{_FUNCTION}\s+(?:to|as|into)\s+\(?{_quoted('names', _NAMES)}\)?{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*(?:顺序)?\s*(?:改为|调整为|重排为|改成)\s*{_quoted('names', _NAMES)}",
    ),
    *_rules(
        "annotate_parameter", "annotate type",
        rf"(?:annotate|type)\s+(?:the\s+)?(?:parameter\s+|argument\s+)?{_quoted('name', NAME)}\s+(?:of|in|on)\s+{_FUNCTION}\s+(?:as|with)\s+[`]?(?P<annotation>[\w.\[\], |]+?)[`]?",
        rf"add\s+(?:the\s+|a\s+)?type\s+(?:hint\s+|annotation\s+)?[`]?(?P<annotation>[\w.\[\], |]+?)[`]?\s+to\s+(?:the\s+)?(?:parameter|argument)\s+{_quoted('name', NAME)}\s+(?:of|in|on)\s+{_FUNCTION}",
    ),
    *_rules(
        "annotate_return", "return",
        rf"(?:annotate|type)\s+(?:the\s+)?return\s+(?:type\s+|value\s+)?of\s+{_FUNCTION}\s+(?:as|with)\s+[`]?(?P<annotation>[\w.\[\], |]+?)[`]?",
        rf"(?:add|set|change)\s+(?:the\s+|a\s+)?return\s+type\s+(?:of\s+{_FUNCTION}\s+to\s+)[`]?(?P<annotation>[\w.\[\], |]+?)[`]?",
    ),
    *_rules(
        "rename_module", "rename 模块 包",
        rf"rename\s+(?:the\s+)?(?:python\s+)?(?:module|package)\s+{_quoted('old', DOTTED)}\s+(?:to|into|as)\s+{_quoted('new', DOTTED)}{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:模块|包)\s*{_quoted('old', DOTTED)}\s*(?:重命名为|改名为|改为|改成)\s*{_quoted('new', DOTTED)}{_EVERYWHERE_ZH}",
    ),
    *_rules(
        "print_to_logging", "print",
        rf"(?:replace|change|convert|turn)\s+(?:all\s+|every\s+|the\s+)*(?:calls?\s+(?:of|to)\s+)?[`]?print(?:\(\))?[`]?(?:\s+(?:calls|statements))?\s+(?:by|with|to|into)\s+(?:calls?\s+(?:of|to)\s+)?(?:the\s+)?[`]?logg(?:ing|er)(?:\.info)?[`]?(?:\s+calls)?{_IN_PLACE}",
        rf"use\s+(?:the\s+)?[`]?logg(?:ing|er)[`]?\s+instead\s+of\s+[`]?print(?:\(\))?[`]?{_IN_PLACE}",
        rf"(?:在|把|将)?\s*{_PLACE_ZH}?(?:所有|全部)?(?:的)?\s*[`]?print[`]?\s*(?:调用|语句)?\s*(?:替换为|替换成|换成|改为|改成)\s*[`]?(?:logging|logger|日志)[`]?",
    ),
    *_rules(
        "to_f_strings", "string 字符串",
        rf"(?:convert|change|turn|rewrite|modernize|modernise)\s+(?:all\s+|every\s+|the\s+)*(?:old\s+)?(?:%[- ]?(?:style\s+)?(?:formatting|format\s+strings|strings)|str\.format(?:\(\))?|format\s+(?:calls|strings)|string\s+formatting)(?:\s+(?:and|or)\s+(?:%[- ]?formatting|str\.format(?:\(\))?))?(?:\s+calls)?\s+(?:to|into|as)\s+f[- ]?strings{_IN_PLACE}",
        rf"use\s+f[- ]?strings(?:\s+instead\s+of\s+(?:%[- ]?formatting|str\.format|format))?{_IN_PLACE}",
        rf"(?:在|把|将)?\s*{_PLACE_ZH}?(?:所有|全部)?(?:的)?\s*(?:字符串格式化|格式化字符串|%\s*格式化|str\.format)\s*(?:都)?\s*(?:替换为|替换成|换成|改为|改成|转换为)\s*f[- ]?(?:strings?|字符串)",
    ),
    *_rules(
        "future_annotations", "__future__",
        rf"add\s+[`]?from\s+__future__\s+import\s+annotations[`]?\s+(?:to|in)\s+(?:all\s+(?:the\s+)?(?:python\s+)?(?:files|modules)|every\s+(?:file|module)){_IN_PLACE}",
        rf"add\s+[`]?from\s+__future__\s+import\s+annotations[`]?{_IN_PLACE}",
        r"(?:在|给)\s*所有\s*(?:文件|模块)\s*(?:中|里)?\s*(?:添加|加上)\s*[`]?from\s+__future__\s+import\s+annotations[`]?",
    ),
    *_rules(
        "fix_tests", "test pass green 测试",
        rf"(?:fix|repair|mend)\s+(?:the\s+|all\s+|my\s+)?(?:failing|broken|red)\s+(?:unit\s+)?tests?(?:\s+{_TEST})?",
        rf"(?:make|get)\s+(?:the\s+|all\s+)?tests?\s+(?:{_TEST_NAMED}\s+)?(?:pass|green)(?:\s+again)?",
        rf"(?:fix|repair)\s+(?:the\s+)?(?:test\s+)?{_TEST_NAMED}",
        rf"(?:修复|修好|解决)\s*(?:所有|全部)?\s*(?:的)?\s*(?:失败|出错|报错|不通过)的?\s*(?:单元)?测试(?:\s*{_TEST})?",
        rf"让\s*(?:所有|全部)?\s*(?:的)?\s*测试\s*(?:{_TEST}\s*)?(?:都)?通过",
    ),
    *_rules(
        "fix_lint", "lint ruff pyflakes 代码检查",
        rf"(?:fix|repair|resolve)\s+(?:all\s+|the\s+|every\s+)*(?:lint(?:er|ing)?|ruff|pyflakes)\s+(?:errors?|problems?|warnings?|issues?|findings?){_IN_FILE}{_EVERYWHERE}",
        r"(?:修复|解决)\s*(?:所有|全部)?\s*(?:的)?\s*(?:lint|ruff|代码检查)\s*(?:错误|警告|问题)",
    ),
    *_rules(
        "make_private", "private public 私有 公有 公开",
        rf"make\s+{_KIND}{_symbol('symbol')}{_IN_FILE}\s+(?:a\s+)?(?P<access>private|public)(?:\s+(?:function|method|class|attribute))?",
        rf"(?:把|将)\s*{_KIND_ZH}{_symbol('symbol')}\s*(?:改为|改成|设为|变成|变为)\s*(?P<access>私有|公有|公开)(?:的)?(?:函数|方法|类)?",
    ),
    *_rules(
        "from_dataclass", "dataclass 数据类",
        rf"(?:convert|turn|change|rewrite)\s+(?:the\s+)?dataclass\s+{_symbol('symbol')}{_IN_FILE}\s+(?:in)?to\s+(?:a\s+)?(?:plain|regular|normal|ordinary)\s+class",
        rf"(?:把|将)\s*(?:数据类|dataclass)\s*{_symbol('symbol')}\s*(?:转换为|转为|改为|改成|变成)\s*普通类",
    ),
    *_rules(
        "convert_async", "async synchronous sync 异步 同步",
        rf"(?:make|convert|turn|change)\s+{_FUNCTION}\s+(?:(?:in)?to\s+)?(?:an?\s+)?(?P<way>async(?:hronous)?|sync(?:hronous)?)(?:\s+(?:function|method))?(?:\s*,?\s*(?:and|with|including)\s+(?:all\s+)?(?:of\s+)?(?:its|the)\s+callers)?",
        rf"(?:把|将)\s*(?:函数|方法)?\s*{_symbol('function')}\s*(?:转换为|转为|改为|改成|变成)\s*(?P<way>异步|同步)(?:的)?(?:函数|方法)?(?:\s*[,\uff0c]?\s*(?:包括|连同)(?:所有)?调用者)?",
    ),
    *_rules(
        "convert_imports", "relative absolute 相对 绝对",
        rf"(?:convert|change|turn|rewrite|make)\s+(?:all\s+|every\s+|the\s+)*(?:(?:absolute|relative)\s+)?imports?{_IN_FILE}\s+(?:(?:in)?to\s+)?(?P<style>absolute|relative)(?:\s+(?:imports?|ones))?{_EVERYWHERE}",
        rf"(?:convert|change|turn|rewrite)\s+(?:all\s+|every\s+|the\s+)*(?:absolute|relative)\s+imports?\s+(?:in)?to\s+(?P<style>absolute|relative)(?:\s+(?:imports?|ones))?{_IN_FILE}{_EVERYWHERE}",
        rf"use\s+(?P<style>absolute|relative)\s+imports?{_IN_FILE}{_EVERYWHERE}",
        rf"(?:把|将)\s*(?:{_quoted('file', FILE)}\s*(?:中|里)?(?:的)?\s*)?(?:所有|全部)?(?:的)?\s*(?:绝对|相对)?导入\s*(?:转换为|转为|改为|改成|替换为)\s*(?P<style>绝对|相对)导入",
    ),
    *_rules(
        "expand_stars", "star wildcard * 星号 通配",
        rf"(?:expand|replace|convert|turn|rewrite)\s+(?:all\s+|every\s+|the\s+)*(?:star|wildcard|`?\*`?|`?import \*`?)[- ]?(?:imports?)?{_IN_FILE}(?:\s+(?:(?:in)?to|by|with)\s+(?:explicit|named)\s+(?:imports?|ones|names))?{_EVERYWHERE}",
        rf"(?:expand|replace|convert)\s+(?:all\s+|every\s+|the\s+)*(?:star|wildcard)[- ]?imports?\s+(?:(?:in)?to|by|with)\s+(?:explicit|named)\s+(?:imports?|ones|names){_IN_FILE}{_EVERYWHERE}",
        rf"(?:展开|替换)\s*(?:{_quoted('file', FILE)}\s*(?:中|里)?(?:的)?\s*)?(?:所有|全部)?(?:的)?\s*(?:星号|通配符)导入",
    ),
    *_rules(
        "module_to_package", "package 包",
        rf"(?:convert|turn|make|change)\s+(?:the\s+)?(?:module\s+|file\s+)?{_quoted('module', _MODULE)}\s+(?:in)?to\s+a\s+package",
        rf"(?:把|将)\s*(?:模块|文件)?\s*{_quoted('module', _MODULE)}\s*(?:转换为|转为|改为|改成|变成)\s*(?:一个)?包",
    ),
    *_rules(
        "extract_superclass", "superclass base parent 父类 基类",
        rf"(?:extract|pull\s+out|create|introduce)\s+(?:a\s+)?(?:new\s+)?(?:super\s?class|base\s+class|parent(?:\s+class)?)\s+{_quoted('name', NAME)}\s+(?:from|of|for|out\s+of)\s+{_KIND}{_symbol('symbol')}\s+with\s+(?:(?:the\s+)?(?:methods?|members?)\s+)?{_quoted('names', _NAMES)}",
        rf"从\s*(?:类)?\s*{_symbol('symbol')}\s*(?:中)?\s*(?:提取|抽取)\s*(?:父类|基类)\s*{_quoted('name', NAME)}\s*[,\uff0c]?\s*(?:包含|含有|带)\s*(?:方法)?\s*{_quoted('names', _NAMES)}",
    ),
    *_rules(
        "extract_protocol", "protocol interface 协议 接口",
        rf"(?:extract|create|introduce)\s+(?:a\s+)?(?:new\s+)?(?:protocol|interface)\s+{_quoted('name', NAME)}\s+(?:from|of|for|out\s+of)\s+{_KIND}{_symbol('symbol')}(?:\s+with\s+(?:(?:the\s+)?(?:methods?|members?)\s+)?{_quoted('names', _NAMES)})?",
        rf"从\s*(?:类)?\s*{_symbol('symbol')}\s*(?:中)?\s*(?:提取|抽取)\s*(?:协议|接口)\s*{_quoted('name', NAME)}",
    ),
    *_rules(
        "generate_methods", "__",
        rf"(?:generate|add|write|create)\s+(?:the\s+)?(?:methods?\s+)?(?P<names>`?__\w+__`?(?:\(\))?(?:\s*(?:,|and)\s*(?:and\s+)?`?__\w+__`?(?:\(\))?)*)\s+(?:to|for|in|on)\s+{_KIND}{_symbol('symbol')}{_IN_FILE}",
        rf"(?:给|为)\s*(?:类)?\s*{_symbol('symbol')}\s*(?:生成|添加|加上)\s*(?:方法)?\s*(?P<names>`?__\w+__`?(?:\s*(?:,|、|和)\s*`?__\w+__`?)*)",
    ),
    *_rules(
        "parameter_object", "dataclass parameter object 参数对象",
        rf"(?:replace|group|combine|bundle|pass|put)\s+(?:the\s+)?(?:parameters|arguments)\s+{_quoted('names', _NAMES)}\s+(?:of|in|from)\s+{_FUNCTION}\s+(?:by|with|into|in|as)\s+(?:(?:a|one)\s+)?(?:new\s+)?(?:dataclass|parameter\s+object|object)\s+(?:called\s+|named\s+)?{_quoted('name', NAME)}",
        rf"introduce\s+(?:a\s+)?parameter\s+object\s+{_quoted('name', NAME)}\s+(?:for|in)\s+(?:the\s+)?(?:parameters\s+{_quoted('names', _NAMES)}\s+of\s+)?{_FUNCTION}",
        rf"(?:把|将)\s*(?:函数)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('names', _NAMES)}\s*(?:合并为|合并成|替换为|换成)\s*(?:参数对象|数据类|dataclass)\s*{_quoted('name', NAME)}",
    ),
    *_rules(
        "inline_parameter", "inline 内联",
        rf"inline\s+(?:the\s+)?(?:parameter|argument)\s+{_quoted('name', NAME)}\s+(?:of|in|into)\s+{_FUNCTION}",
        rf"内联\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('name', NAME)}",
    ),
    *_rules(
        "swap_parameters", "swap exchange 交换",
        rf"(?:swap|exchange)\s+(?:the\s+)?(?:order\s+of\s+)?(?:the\s+)?(?:parameters?|arguments?)\s+{_quoted('first', NAME)}\s+(?:and|with)\s+{_quoted('second', NAME)}\s+(?:of|in)\s+{_FUNCTION}",
        rf"交换\s*(?:函数|方法)?\s*{_symbol('function')}\s*的\s*参数\s*{_quoted('first', NAME)}\s*(?:和|与)\s*{_quoted('second', NAME)}",
    ),
    *_rules(
        "remove_dead_code", "dead unreachable 死代码 不可达",
        rf"(?:remove|delete|drop|clean\s+up)\s+(?:all\s+|the\s+)*(?:dead|unreachable)\s+code{_IN_FILE}{_EVERYWHERE}",
        rf"(?:删除|移除|清理|去掉)\s*(?:{_quoted('file', FILE)}\s*(?:中|里)?(?:的)?\s*)?(?:所有|全部)?(?:的)?\s*(?:死代码|不可达(?:的)?代码)",
    ),
    *_rules(
        "break_cycle", "cycle circular 循环",
        rf"(?:break|remove|resolve|fix)\s+(?:the\s+)?(?:import\s+cycle|circular\s+imports?|cyclic\s+imports?)\s+between\s+{_quoted('first', _MODULE)}\s+and\s+{_quoted('second', _MODULE)}",
        rf"(?:打破|消除|解决)\s*{_quoted('first', _MODULE)}\s*(?:和|与)\s*{_quoted('second', _MODULE)}\s*(?:之间)?的?\s*循环(?:导入|引用|依赖)",
    ),
    *_rules(
        "substitute", "replace use switch migrate swap 换 改用",
        rf"(?:replace|swap)\s+(?:all\s+|every\s+)?(?:(?:uses?|usages?)\s+of\s+)?(?:the\s+)?(?:(?:library|package|module)\s+)?{_quoted('old', DOTTED)}\s+(?:by|with|for)\s+(?:the\s+)?(?:(?:library|package|module)\s+)?{_quoted('new', DOTTED)}{_EVERYWHERE}",
        rf"use\s+(?:the\s+)?(?:(?:library|package|module)\s+)?{_quoted('new', DOTTED)}\s+instead\s+of\s+{_quoted('old', DOTTED)}{_EVERYWHERE}",
        rf"(?:switch|migrate|change|port)\s+(?:the\s+(?:code|project|repo(?:sitory)?)\s+)?from\s+{_quoted('old', DOTTED)}\s+to\s+{_quoted('new', DOTTED)}{_EVERYWHERE}",
        rf"(?:把|将)?\s*(?:所有|全部)?(?:的)?\s*{_quoted('old', DOTTED)}\s*(?:全部|都|统一)?\s*(?:替换为|替换成|换成|改用)\s*{_quoted('new', DOTTED)}",
    ),
)  # fmt: skip
