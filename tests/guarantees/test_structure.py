"""Bounds on the structure: short files, short functions, few private names, telling names.

Each list of exceptions holds exactly what breaks its rule today: a new exception fails the test,
and so does an entry that has been mended, so the lists only shrink.
"""

import ast
from collections import defaultdict

from test_layers import LEVEL, ROOT, TESTING, module_of

# Lines, without docstrings for functions.
LONGEST_FILE, LONGEST_FUNCTION = 400, 40

LONG_FILES: set[str] = set()
LONG_FUNCTIONS = {  # the two constructors stay: scikit-learn wants every parameter in them
    ("_training/loop.py", "_minimize"),
    ("estimators/_classifier.py", "__init__"),
    ("estimators/_regressor.py", "__init__"),
}

# Words that do not say what a variable, an argument or an attribute holds.
FORBIDDEN_NAMES = {
    *("of", "at", "each", "given", "held", "kept", "some", "own", "room", "told", "found"),
}

# Files and what they read: a module of another package whose name begins with an underscore, or
# such an attribute of another package's classes.
PRIVATE_NAMES_READ = {
    "model_state.py": {  # which gives classes a public path
        "compat._estimators",
        "compat._rules",
        "optimizers._adam_family",
        "optimizers._muon",
        "preprocessing._piecewise_linear",
        "schedules._plateau",
    },
}

FILES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text())
    for path in sorted(ROOT.rglob("*.py"))
}


def package_of(file):
    return module_of(ROOT / file)


def level(package):
    return len(LEVEL) if package == TESTING else LEVEL[package]


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def n_lines(function):
    """Return the lines of a function without those of its docstring."""
    first = function.body[0]
    docstring = ast.get_docstring(function, clean=False) is not None
    return (
        function.end_lineno
        - function.lineno
        + 1
        - docstring * (first.end_lineno - first.lineno + 1)
    )


def long_files():
    counts = {file: len((ROOT / file).read_text().splitlines()) for file in FILES}
    return {file for file, count in counts.items() if count >= LONGEST_FILE}


def long_functions():
    return {
        (file, node.name)
        for file, tree in FILES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and n_lines(node) >= LONGEST_FUNCTION
    }


def private_names_defined(tree):
    """Yield the private names that classes and functions of a file define."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if is_self(node.value):
                yield node.attr
        elif isinstance(node, (ast.AnnAssign, ast.Assign)):  # a field of a dataclass, say
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def is_self(node):
    """Tell whether an expression is the instance itself: ``self``, ``cls`` or ``super()``."""
    node = node.func if isinstance(node, ast.Call) else node
    return isinstance(node, ast.Name) and node.id in ("self", "cls", "super")


def packages_that_define():
    """Return the packages whose classes have a private name, by name."""
    found = defaultdict(set)
    for file, tree in FILES.items():
        for name in filter(is_private, private_names_defined(tree)):
            found[name].add(package_of(file))
    return found


def private_modules_imported(file):
    """Yield the private modules and names of other packages that a file imports."""
    for node in ast.walk(FILES[file]):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "sknn":
            for alias in node.names:
                _, package, *rest = [*node.module.split("."), alias.name]
                places = [place for place, name in enumerate(rest) if is_private(name)]
                if package != package_of(file) and places:
                    yield ".".join([package, *rest[: places[-1] + 1]])


def private_attributes_read(file, owners):
    """Yield the private attributes that a file reads of classes of packages below its own."""
    package = package_of(file)
    for node in ast.walk(FILES[file]):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            below = {owner for owner in owners[node.attr] if level(owner) < level(package)}
            # Of a name that both have, the estimators' is what others read of them.
            certain = is_self(node.value) or "estimators" not in below
            is_own = package in owners[node.attr] and certain
            if below and not is_own:
                yield node.attr


def private_names_read():
    owners = packages_that_define()
    return {
        (file, name)
        for file in FILES
        for names in (private_modules_imported(file), private_attributes_read(file, owners))
        for name in names
    }


def names_bound(tree):
    """Yield line and name of all variables, arguments and attributes that a file binds."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, (ast.alias, ast.ExceptHandler)):
            name = node.asname if isinstance(node, ast.alias) else node.name
            yield from [(node.lineno, name)] if name else []


def forbidden_names(tree):
    return [(line, name) for line, name in names_bound(tree) if name.strip("_") in FORBIDDEN_NAMES]


def test_files_are_short():
    assert long_files() == LONG_FILES


def test_functions_are_short():
    assert long_functions() == LONG_FUNCTIONS


def test_packages_leave_each_others_private_names_alone():
    expected = {(file, name) for file, names in PRIVATE_NAMES_READ.items() for name in names}
    assert private_names_read() == expected


def test_names_say_what_they_hold():
    found = {file: names for file, tree in FILES.items() if (names := forbidden_names(tree))}
    assert not found


def test_the_count_finds_what_it_looks_for():
    """What a reader of this file would find by eye."""
    source = "class A:\n    field: int = 0\n    _x = 1\n    def _f(self):\n        self._y = 2\n"
    assert set(filter(is_private, private_names_defined(ast.parse(source)))) == {"_x", "_f", "_y"}
    (function,) = ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n').body
    assert n_lines(function) == 2
    source = "def f(at, *own, **kept):\n    each = [of for of in at]\n    at.held, each = 0, 1\n"
    source += (
        "    try:\n        import some as room\n    except E as told:\n        at.found[0] = 1\n"
    )
    names = {name for _, name in forbidden_names(ast.parse(source))}
    assert names == {"at", "own", "kept", "each", "of", "held", "room", "told"}
