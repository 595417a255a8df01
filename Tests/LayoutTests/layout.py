"""Tells where the sources leave the directions of dependencies that are declared, and what has no doc comment.

    layout.py ROOT

Modules: what Package.swift lets a target depend on is what docs/architecture.md says and what its files import.
Folders: a type is used in its own folder and in those above it only; so are functions of no type and members of
extensions, whose names say where they are from as long as nothing else in the sources has them. Comments: what is public or of the package, type,
function or subscript, has a doc comment, and so have the requirements of such protocols. Spans: none that is mutable is of a
property. Prints a line for each fault.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(sys.argv[1])

# Folders of a module, from the bottom up; "." are the files beside them.
FOLDERS = {
    "Language": ["Syntax", "Words", "Errors", "Printing", "Parsing"],
    "Model": [".", "Exact", "Calendar", "Times", "Buckets", "Mapping"],
    "Terminal": ["System", "Text", "Keys", "Editing", "Drawing", "Charts", "History", "."],
    "EventLog": [
        "Terms", "Columns", "Streams", "Documents", "Blocks", "EventTime", "Tables", "Catalogue", "Dedup", "Facts", "Merging",
        "Sequencing", "Commits", "Log", "Reading", "Check",
    ],
    "Projections": ["Work", "States", "Definitions", "Fold", "Pages", "Cells", "Rebuilding", ".", "Rows", "Answering"],
    "Server": ["Settings", "Requests", "Security", "Ingest", "Queries", "Live", "Lists", "Influx", "Operation", "Prometheus", "Page", "Schedule", "Sources", "."],
    "Audit": ["Tree", "Signing", "Sealing", ".", "Verifying", "Receipts"],
    "Export": ["Rows", "Formats", "Settings", "Targets", "."],
    "Parquet": ["Thrift", "Schema", "Statistics", "Encodings", "Format", "Pages", "."],
    "PromQL": ["Syntax", "Parsing", "Printing", "Evaluation"],
    "Query": [".", "Storage", "Answer", "Engine", "Rendering", "Binding", "Execution", "Statements", "Changes"],
}

TYPE = re.compile(
    r"^( *)(?!.*\b(?:private|fileprivate) )[\w@() ]*\b(?:struct|class|enum|actor|protocol|typealias) ([A-Z]\w*)",
    re.MULTILINE,
)
MEMBER = re.compile(
    r"^(|  )(?!.*\b(?:private|fileprivate) )(?:@\w+(?:\([^)]*\))? |[a-z]+ )*(?:func|var|let) (\w+)"
)
# Whatever else a name can stand for: a local, a case, a parameter.
NAMED = re.compile(r"\b(?:func|var|let|for|inout) (\w+)|\bcase ([\w, ]+)|\b(\w+):(?!:)")
# What the standard library has, too.
STANDARD = {"byteCount", "drop", "quotient", "span"}

IMPORT = re.compile(r"^(?:@\w+ )*(?:public |package |internal )?import (?:struct |class |enum |protocol |func )?(\w+)", re.MULTILINE)

STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
DECLARED = re.compile(
    r"^ *(?:@\w+(?:\([^)]*\))? )*(?:public|package) (?!import )(?:[a-z]+ )*?"
    r"(?:(?:struct|class|enum|actor|protocol|typealias|func) (\w+|[^\w\s(]+)|(subscript)\b)"
)
PROTOCOL = re.compile(r"^( *)(?:public|package) protocol ")
REQUIRED = re.compile(r"^ *(?:static |mutating )*(?:(?:func|associatedtype) (\w+)|(init|subscript)\b)")
# What a protocol of the standard library asks for means what that protocol says.
WITNESSES = {"==", "<", "hash", "encode"}


def code(path):
    """The text of a file without its comments."""
    return re.sub(r"//.*", "", path.read_text())


def packaged():
    """The modules that each target of Package.swift depends on."""
    text = code(ROOT / "Package.swift")
    text = re.sub(r'\.product\(name: ("\w+"), package: "[^"]*"\)', r"\1", text)
    targets = re.findall(r'\bmodule\(\s*"(\w+)"(?:,\s*\[([^\]]*)\])?(?:,\s*(?:embedded|copied|excluded): \[[^\]]*\])*\s*\)', text)
    targets += re.findall(r'\.executableTarget\(\s*name: "(nilo(?:-\w+)?)",\s*dependencies: \[([^\]]*)\]', text)
    return {name: set(re.findall(r'"(\w+)"', list)) for name, list in targets}


def documented():
    """The same as the table of docs/architecture.md has it; None for modules over one C target each."""
    section = (ROOT / "docs/architecture.md").read_text().split("\n## Modules\n")[1].split("\n## ")[0]
    modules = {}
    for names, imports in re.findall(r"^\| (`[^|]*) \| ([^|]*) \|", section, re.MULTILINE):
        for name in re.findall(r"`([\w-]+)`", names):
            if imports == "one C target each":
                modules[name] = None
            else:
                modules[name] = set() if imports == "nothing" else set(imports.split(", "))
    return modules


def module_faults():
    package, page = packaged(), documented()
    known = set().union(package, *package.values())
    for name in sorted(package.keys() | page.keys()):
        if name not in page or name not in package:
            yield f"{name} is not in {'Package.swift' if name in page else 'docs/architecture.md'}"
            continue
        depends = package[name]
        wanted = page[name]
        if wanted is None:
            wanted = depends if len(depends) == 1 and min(depends).startswith("C") else {"one C target"}
        folder = ROOT / ("Benchmarks" if name == "nilo-bench" else "Sources") / name
        imports = {module for file in folder.rglob("*.swift") for module in IMPORT.findall(code(file))}
        for where, others in [("docs/architecture.md has", wanted), ("its files import", imports & known)]:
            for other in sorted(depends ^ others):
                only = "Package.swift alone has" if other in depends else f"{where}, but Package.swift has not,"
                yield f"{name}: {only} {other} (compared: {where})"


def member_homes():
    """The folders of members of extensions and of functions of no type, by names that are declared in one folder only."""
    named, members = defaultdict(set), defaultdict(set)
    for file in (ROOT / "Sources").rglob("*.swift"):
        extension = None
        for line in STRING.sub('""', code(file)).split("\n"):
            if re.match(r"[\w@ ]*\bextension ", line):
                extension = not re.search(r"\b(?:private|fileprivate) ", line)
            elif line == "}":
                extension = None
            found = MEMBER.match(line)
            if found and (extension or not found[1]):
                members[found[2]].add(file.parent)
            for name, cases, label in NAMED.findall(line):
                for each in re.findall(r"\w+", cases) or [name or label]:
                    named[each].add(None if cases or label else file.parent)
    return {
        name: min(homes) for name, homes in members.items()
        if len(homes) == 1 and named[name] == homes and name not in STANDARD
    }


def folder_faults(module, order):
    base = ROOT / "Sources" / module
    files = {file: str(file.parent.relative_to(base)) for file in base.rglob("*.swift")}
    for folder in sorted(set(files.values()) ^ set(order)):
        yield f"{module}/{folder}: the folder or its place in FOLDERS is missing"
    texts = {file: code(file) for file in files}
    homes = defaultdict(set)
    nested = set()
    for file, text in texts.items():
        for indent, name in TYPE.findall(text):
            if indent:
                nested.add(name)
            else:
                homes[name].add(files[file])
    # A name that several have says nothing.
    homes = {name: min(folders) for name, folders in homes.items() if len(folders) == 1 and name not in nested}
    found = defaultdict(set)
    for file, text in texts.items():
        for name in set(re.findall(r"\b[A-Z]\w*", text)) & homes.keys():
            home, user = homes[name], files[file]
            if {home, user} <= set(order) and order.index(home) > order.index(user):
                found[user].add(name)
    for file, text in texts.items():
        for name in set(re.findall(r"\.(\w+)\b|\b(\w+)\(", STRING.sub('""', text))):
            name = name[0] or name[1]
            if name not in MEMBERS or not MEMBERS[name].is_relative_to(base):
                continue
            home, user = str(MEMBERS[name].relative_to(base)), files[file]
            if {home, user} <= set(order) and order.index(home) > order.index(user):
                homes[name] = home
                found[user].add(name)
    for user in sorted(found):
        for name in sorted(found[user]):
            yield f"{module}/{user} uses {name}, which is above it in {module}/{homes[name]}"


def comment_faults(file):
    lines = file.read_text().split("\n")
    end = None  # of the protocol that a line is in
    for index, line in enumerate(lines):
        if line == end:
            end = None
        found = DECLARED.match(line) or (end and REQUIRED.match(line))
        if found:
            name = found[1] or found[2]
            above = index - 1
            while lines[above].lstrip().startswith("@"):
                above -= 1
            if name not in WITNESSES and not lines[above].lstrip().startswith("///"):
                yield f"{file.relative_to(ROOT)}:{index + 1}: {name} has no doc comment"
        if (opened := PROTOCOL.match(line)) and not line.endswith("}"):
            end = opened[1] + "}"


SPAN = re.compile(r"(?<![\w.])((?:[\w\]\[!?()]+\.)*)mutableSpan\b")
FUNCTION = re.compile(r"^ *(?:@\w+(?:\([^)]*\))? )*(?:[a-z]+(?:\(set\))? )*(?:func |init\b|subscript\b|get\b|var \w+: )")


def span_faults(file):
    """Mutable spans of properties: CONTRIBUTING.md says why there are none. Of what a function declares they are right."""
    lines = code(file).split("\n")
    for index, line in enumerate(lines):
        for path in SPAN.findall(STRING.sub('""', line)):
            start = index
            while start > 0 and not FUNCTION.match(lines[start]):
                start -= 1
            name = re.escape(path[:-1])
            own = rf"\bvar {name}\b(?!.*\b{name}\.mutableSpan)|\b{name}: inout \["
            before = "\n".join(lines[start:index])
            if not (re.fullmatch(r"\w+", path[:-1]) and re.search(own, before)):
                yield f"{file.relative_to(ROOT)}:{index + 1}: a mutable span of a property; use withMutableSpan"


MEMBERS = member_homes()
faults = list(module_faults())
for module, order in FOLDERS.items():
    faults += folder_faults(module, order)
for file in sorted((ROOT / "Sources").rglob("*.swift")):
    faults += comment_faults(file)
    if file.name != "Array+Spans.swift":
        faults += span_faults(file)
for fault in faults:
    print(fault)
