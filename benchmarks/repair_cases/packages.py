"""Bugs seeded by hand into real packages, as PyPI has them, with the packages' own tests.

    pip download --no-deps --no-binary :all: humanize==4.17.0 …   # into a folder
    python benchmarks/repair.py --packages FOLDER

Nothing of the packages is kept here but the lines that are changed. Each bug has a few
assertions of its own that the search does not see. Written before any of them was tried.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from benchmarks.repair_cases import Bug, Case

SEEDS: tuple[tuple[str, str, str, str, str, str], ...] = (
    # package, file, kind, right, wrong, assertions
    ("humanize-4.17.0", "src/humanize/filesize.py", "missing_abs",
     "abs_bytes = abs(bytes_)", "abs_bytes = bytes_",
     "from humanize import naturalsize as f\nassert f(-4096, True) == '-4.0 KiB' and f(-1) == '-1 Byte' and f(3000) == '3.0 kB'"),
    ("humanize-4.17.0", "src/humanize/filesize.py", "wrong_variable",
     "base = 1024 if (gnu or binary) else 1000", "base = 1024 if gnu else 1000",
     "from humanize import naturalsize as f\nassert f(5000, True) == '4.9 KiB' and f(2048, False, True) == '2.0K' and f(2000) == '2.0 kB'"),
    ("humanize-4.17.0", "src/humanize/lists.py", "wrong_slice",
     '", ".join(item_list[:-1])', '", ".join(item_list[:-2])',
     "from humanize import natural_list as f\nassert f('abcd') == 'a, b, c and d' and f('ab') == 'a and b'"),
    ("humanize-4.17.0", "src/humanize/lists.py", "missing_guard",
     '    if not item_list:\n        return ""\n', "",
     "from humanize import natural_list as f\nassert f([]) == '' and f(['x']) == 'x' and f('abc') == 'a, b and c'"),
    ("humanize-4.17.0", "src/humanize/number.py", "wrong_constant",
     "digit = 0 if value % 100 in (11, 12, 13) else value % 10", "digit = 0 if value % 10 in (11, 12, 13) else value % 10",
     "from humanize import ordinal as f\nassert f(111) == '111th' and f(112) == '112th' and f(23) == '23rd' and f(13) == '13th'"),
    ("humanize-4.17.0", "src/humanize/number.py", "missing_statement",
     "        ordinal += 1\n        rounded_value = 1.0\n", "        rounded_value = 1.0\n",
     "from humanize import intword as f\nassert f(999999) == '1.0 million' and f(999999999) == '1.0 billion' and f(10**6) == '1.0 million'"),
    ("humanize-4.17.0", "src/humanize/number.py", "missing_abs",
     "{abs(numerator):.0f}/{denominator:.0f}", "{numerator:.0f}/{denominator:.0f}",
     "from humanize import fractional as f\nassert f(-1.3) == '-1 3/10' and f(2.5) == '2 1/2' and f(-0.5) == '-1/2'"),
    ("humanize-4.17.0", "src/humanize/number.py", "swapped",
     "        value = ceil\n        token = ceil_token", "        value = ceil\n        token = floor_token",
     "from humanize import clamp as f\nassert f(0.999, ceil=0.99, format='{:.0%}') == '>99%' and f(0.001, floor=0.01) == '<0.01'"),
    ("humanize-4.17.0", "src/humanize/number.py", "missing_statement",
     '        value *= -1\n        negative_prefix = "-"', '        negative_prefix = "-"',
     "from humanize import intword as f\nassert f(-1200000) == '-1.2 million' and f(-5) == '-5'"),
    ("inflection-0.5.1", "inflection/__init__.py", "wrong_index",
     "return string[0].lower() + camelize(string)[1:]", "return string[0].lower() + camelize(string)",
     "from inflection import camelize as f\nassert f('a_b_c', False) == 'aBC' and f('device_type') == 'DeviceType'"),
    ("inflection-0.5.1", "inflection/__init__.py", "missing_abs",
     "number = abs(int(number))", "number = int(number)",
     "from inflection import ordinal as f\nassert f(-11) == 'th' and f(-1021) == 'st' and f(-3) == 'rd' and f(13) == 'th'"),
    ("inflection-0.5.1", "inflection/__init__.py", "missing_call",
     "return pluralize(underscore(word))", "return pluralize(word)",
     "from inflection import tableize as f\nassert f('RawScaledScorer') == 'raw_scaled_scorers' and f('eggAndHam') == 'egg_and_hams'"),
    ("inflection-0.5.1", "inflection/__init__.py", "missing_statement",
     '    word = word.replace("-", "_")\n', "",
     "from inflection import underscore as f\nassert f('DeviceType') == 'device_type' and f('a-b-C') == 'a_b_c'"),
    ("inflection-0.5.1", "inflection/__init__.py", "missing_lower",
     "if not word or word.lower() in UNCOUNTABLES", "if not word or word in UNCOUNTABLES",
     "from inflection import pluralize as f\nassert f('Sheep') == 'Sheep' and f('') == '' and f('post') == 'posts'"),
    ("isodate-0.7.2", "src/isodate/isodates.py", "off_by_one",
     'timedelta(days=int(groups["day"]) - 1)', 'timedelta(days=int(groups["day"]))',
     "from isodate import parse_date as f\nimport datetime as d\nassert f('1985-102') == d.date(1985,4,12) and f('2001001') == d.date(2001,1,1)"),
    ("isodate-0.7.2", "src/isodate/isodates.py", "wrong_key",
     "                day = defaultday\n", "                day = defaultmonth\n",
     "from isodate import parse_date as f\nimport datetime as d\nassert f('1985-04', defaultday=7) == d.date(1985,4,7) and f('1985-04', defaultmonth=9) == d.date(1985,4,1)"),
    ("isodate-0.7.2", "src/isodate/isotzinfo.py", "wrong_sign",
     "return FixedOffset(tzsign * tzhour, tzsign * tzmin, tzname)", "return FixedOffset(tzsign * tzhour, tzmin, tzname)",
     "from isodate import parse_tzinfo as f\nimport datetime as d\nassert f('-03:30').utcoffset(None) == -d.timedelta(hours=3, minutes=30) and f('+01:15').utcoffset(None) == d.timedelta(hours=1, minutes=15)"),
    ("isodate-0.7.2", "src/isodate/isotzinfo.py", "missing_statement",
     "    seconds = abs(seconds)\n", "",
     "from isodate.isotzinfo import tz_isoformat as f, parse_tzinfo as p\nimport datetime as d\nassert f(d.datetime(2000,1,1,tzinfo=p('-03:30'))) == '-03:30' and f(d.datetime(2000,1,1,tzinfo=p('+02:00'))) == '+02:00'"),
    ("isodate-0.7.2", "src/isodate/duration.py", "wrong_operator",
     "years=self.years - other.years, months=self.months - other.months", "years=self.years - other.years, months=self.months + other.months",
     "from isodate import Duration as D\nassert D(years=3, months=7) - D(years=1, months=2) == D(years=2, months=5)"),
    ("isodate-0.7.2", "src/isodate/duration.py", "missing_statement",
     "        negduration.tdelta = -self.tdelta\n", "",
     "from isodate import Duration as D\nassert -D(years=1, days=2) == D(years=-1, days=-2)"),
    ("isodate-0.7.2", "src/isodate/duration.py", "missing_guard",
     '        if start is not None and end is not None:\n            raise ValueError("only start or end allowed")\n', "",
     "from isodate import Duration as D\nimport datetime as d, pytest\nwith pytest.raises(ValueError):\n    D(years=1).totimedelta(start=d.datetime(2000,1,1), end=d.datetime(2001,1,1))\nassert D(years=1).totimedelta(start=d.datetime(2001,1,1)).days == 365"),
    ("tinydb-4.9.0", "tinydb/utils.py", "missing_statement",
     "            self.cache[key] = value\n            self.cache.move_to_end(key, last=True)\n", "            self.cache[key] = value\n",
     "from tinydb.utils import LRUCache\nc = LRUCache(2)\nc.set('a',1); c.set('b',2); c.set('a',3); c.set('c',4)\nassert c.lru == ['a','c']"),
    ("tinydb-4.9.0", "tinydb/utils.py", "wrong_value",
     "self.cache.popitem(last=False)", "self.cache.popitem(last=True)",
     "from tinydb.utils import LRUCache\nc = LRUCache(2)\nc.set('a',1); c.set('b',2); c.set('c',4)\nassert c.lru == ['b','c']"),
    ("tinydb-4.9.0", "tinydb/utils.py", "missing_guard",
     "        if value is None:\n            raise KeyError(key)\n\n        return value", "        return value",
     "from tinydb.utils import LRUCache\nimport pytest\nc = LRUCache(2)\nc['x'] = 5\nassert c['x'] == 5\nwith pytest.raises(KeyError):\n    c['y']"),
    ("tinydb-4.9.0", "tinydb/table.py", "missing_condition",
     "                for doc_id in list(table.keys()):\n                    # Pass through all documents to find documents matching the\n                    # query. Call the processing callback with the document ID\n                    if _cond(table[doc_id]):\n                        # Add ID to list of updated documents\n                        updated_ids.append(doc_id)\n",
     "                for doc_id in list(table.keys()):\n                    # Pass through all documents to find documents matching the\n                    # query. Call the processing callback with the document ID\n                    if _cond(table[doc_id]):\n",
     "from tinydb import TinyDB, where\nfrom tinydb.storages import MemoryStorage\ndb = TinyDB(storage=MemoryStorage)\ndb.insert_multiple([{'a':1},{'a':2},{'a':1}])\nassert db.update({'b':3}, where('a')==1) == [1,3]"),
    ("tinydb-4.9.0", "tinydb/table.py", "wrong_condition",
     "            return self.get(doc_id=doc_id) is not None\n", "            return self.get(doc_id=doc_id) is None\n",
     "from tinydb import TinyDB\nfrom tinydb.storages import MemoryStorage\ndb = TinyDB(storage=MemoryStorage)\ndb.insert({'a':1})\nassert db.contains(doc_id=1) and not db.contains(doc_id=9)"),
    ("tinydb-4.9.0", "tinydb/operations.py", "wrong_operator",
     "        doc[field] -= n\n", "        doc[field] += n\n",
     "from tinydb.operations import subtract\nd = {'x': 5}\nsubtract('x', 3)(d)\nassert d == {'x': 2}"),
    ("itsdangerous-2.2.0", "src/itsdangerous/signer.py", "wrong_argument",
     "value, sig = signed_value.rsplit(self.sep, 1)", "value, sig = signed_value.split(self.sep, 1)",
     "from itsdangerous import Signer\ns = Signer('k')\nassert s.unsign(s.sign('a.b.c')) == b'a.b.c' and s.validate(s.sign('x'))"),
    ("itsdangerous-2.2.0", "src/itsdangerous/signer.py", "wrong_index",
     "            secret_key = self.secret_keys[-1]\n        else", "            secret_key = self.secret_keys[0]\n        else",
     "from itsdangerous import Signer\nassert Signer(['a','b']).sign('x') == Signer('b').sign('x')"),
    ("itsdangerous-2.2.0", "src/itsdangerous/signer.py", "missing_statement",
     "            mac.update(self.salt)\n", "",
     "from itsdangerous import Signer\nimport hmac, hashlib\ns = Signer('k', salt='s', key_derivation='hmac')\nm = hmac.new(b'k', digestmod=hashlib.sha1); m.update(b's')\nassert s.derive_key() == m.digest()"),
    ("itsdangerous-2.2.0", "src/itsdangerous/timed.py", "wrong_comparison",
     "            if age > max_age:", "            if age < max_age:",
     "from itsdangerous import TimestampSigner\ns = TimestampSigner('k')\nassert s.unsign(s.sign('x'), max_age=100) == b'x'"),
    ("itsdangerous-2.2.0", "src/itsdangerous/timed.py", "missing_return",
     "            self.unsign(signed_value, max_age=max_age)\n            return True\n", "            self.unsign(signed_value, max_age=max_age)\n",
     "from itsdangerous import TimestampSigner\ns = TimestampSigner('k')\nassert s.validate(s.sign('x')) is True and s.validate('y.z') is False"),
)  # fmt: skip

_TEXT = (".py", ".toml", ".cfg", ".ini", ".txt", ".json", ".in", ".po")


def load_packages(folder: str) -> list[Case]:
    """One case for each seed whose package is in the folder as `NAME-VERSION.tar.gz`."""
    cases: list[Case] = []
    read: dict[str, dict[str, str]] = {}
    for package, file, kind, right, wrong, judge in SEEDS:
        archive = Path(folder) / f"{package}.tar.gz"
        if not archive.is_file():
            continue
        if package not in read:
            read[package] = _files(archive)
        bug = Bug(kind, ((right, wrong),), file)
        lines = "".join(f"    {line}\n" for line in judge.splitlines())
        cases.append(Case(package, read[package], "", f"def test_it():\n{lines}", (bug,)))
    return cases


def _files(archive: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    with tarfile.open(archive) as packed:
        for member in packed.getmembers():
            name = member.name.split("/", 1)[-1]
            if not member.isfile() or not name.endswith(_TEXT) or "egg-info" in name:
                continue
            handle = packed.extractfile(member)
            if handle is not None:
                found[name] = handle.read().decode("utf-8", "replace")
    return found
