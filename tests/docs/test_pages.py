"""The pages: sessions print the shown output, and pictures and links exist."""

import doctest
import re
import runpy
import zipfile

import pytest
from common import DOCS, ROOT

PAGES = sorted([ROOT / "README.md", *DOCS.glob("*.md"), *DOCS.glob("[!_]*/*.md")])
GUIDE = ("activations", "initializers", "optimizers", "schedules", "dropout", "losses")
PICTURES = runpy.run_path(str(DOCS / "make_pictures.py"))["PICTURES"]
SESSION = re.compile(r"```python\n(>>> .*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[([^]]*)\]\(([^)]+\.svg)\)")


def name_of(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [p for p in PAGES if SESSION.search(p.read_text())], ids=name_of)
def test_sessions_of_a_page_print_what_it_says(page, monkeypatch, tmp_path):
    for package, sign in (
        ("pandas", "import pandas"),
        ("matplotlib", "Display.from_"),
        ("distributed", "from distributed import"),
        ("pyarrow", "import pyarrow"),
        ("mapie", "from mapie"),
    ):
        if sign in page.read_text():
            pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    blocks = "\n".join(SESSION.findall(page.read_text()))
    test = doctest.DocTestParser().get_doctest(blocks, {}, page.name, page.name, 0)
    assert test.examples
    typed = [line for line in blocks.splitlines() if line.startswith((">>>", "..."))]
    assert max(map(len, typed)) <= 79  # what a page shows at 1280 pixels
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.DocTestRunner(optionflags=flags).run(test).failed == 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_page_on_saving_lists_what_is_in_the_file(monkeypatch, tmp_path):
    """Sizes are exact but for the digits of a loss and, on other processors, some epochs."""
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "saving.md").read_text()
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], {})
    listed = re.findall(r"^ +(\d+)  1980-01-01 00:00   (\S+)$", text, re.MULTILINE)
    with zipfile.ZipFile("digits.npz") as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
    assert [name for _, name in listed] == list(sizes)
    rounding = {"header.json": 5, "loss_curve.npy": 80}
    for size, name in listed:
        assert abs(int(size) - sizes[name]) <= rounding.get(name, 0), name


@pytest.mark.parametrize("name", GUIDE)
def test_guide_shows_a_picture_and_says_what_goes_wrong(name):
    text = (DOCS / f"{name}.md").read_text()
    assert PICTURE.search(text).start() < 200
    assert SESSION.search(text)
    for heading in ("## What goes wrong", "## All variants", "## Formulas", "## Sources"):
        assert f"\n{heading}\n" in text
    assert "watching.md#warnings" in text


def test_pictures_are_those_that_pages_show():
    shown = {
        (page.parent / path).resolve()
        for page in PAGES
        for _, path in PICTURE.findall(page.read_text())
    }
    assert shown == set((DOCS / "pictures").iterdir())
    assert {picture.stem for picture in shown} == set(PICTURES)


@pytest.mark.parametrize("picture", sorted((DOCS / "pictures").iterdir()), ids=lambda p: p.name)
def test_picture_is_small_and_undated(picture):
    text = picture.read_text()
    assert len(text) < 70_000
    assert "<dc:date>" not in text


@pytest.mark.parametrize("name", ["dropout_mask", "losses"])
def test_picture_is_drawn_anew(name):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    with matplotlib.rc_context():
        figure = PICTURES[name]()
        figure.canvas.draw()
        assert len(figure.axes) == {"dropout_mask": 4, "losses": 3}[name]
        plt.close(figure)


@pytest.mark.parametrize("page", PAGES[1:], ids=name_of)
def test_code_of_a_page_fits(page):
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE):
        lines = block.splitlines()
        if block.startswith(">>>"):  # what is printed may be longer
            lines = [line for line in lines if line.startswith((">>>", "..."))]
        assert max(map(len, lines)) <= 79


def test_tables_of_the_guide_name_their_command():
    tables = runpy.run_path(str(ROOT / "tests/benchmarks/guide.py"))["TABLES"]
    for name, measure in tables.items():
        page = re.search(r"docs/\S+\.md", measure.__doc__)[0]
        text = (ROOT / page).read_text()
        assert "python tests/benchmarks/guide.py" in text
        assert re.search(rf"guide\.py {name}`|`{name}`", text), name


def test_pictures_have_texts():
    for page in PAGES:
        for alt, path in PICTURE.findall(page.read_text()):
            assert len(alt.split()) >= 4, path


def test_pictures_of_the_site_have_captions():
    for page in PAGES[1:]:  # all but README.md
        text = page.read_text()
        for picture in PICTURE.finditer(text):
            assert re.match(r"\n\n\*[A-Z][^*]+\.\*\n\n", text[picture.end() :]), picture[2]


def prose(page):
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    }


def links(page):
    """Return a page's links to other pages, but for those that Sphinx makes."""
    found = LINK.findall(prose(page))
    return [link for link in found if "://" not in link and not re.match("(api|gallery)/", link)]


@pytest.mark.parametrize("page", [page for page in PAGES if links(page)], ids=name_of)
def test_links_of_a_page_lead_somewhere(page):
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_words_of_the_search_lead_somewhere():
    pytest.importorskip("sphinx")
    for place in runpy.run_path(str(DOCS / "_extensions/search_words.py"))["WORDS"]:
        page, _, anchor = place.partition("#")
        assert not anchor or anchor in anchors(DOCS / f"{page}.md"), place
        assert (DOCS / f"{page}.md").exists(), place


HOW_TO = sorted(set((DOCS / "how_to").glob("*.md")) - {DOCS / "how_to" / "index.md"})


@pytest.mark.parametrize("page", HOW_TO, ids=name_of)
def test_how_to_begins_with_code_and_is_short(page):
    text = page.read_text()
    assert text.count("\n") < 123
    assert 0 <= text.find("```python\n>>> ") < 500
