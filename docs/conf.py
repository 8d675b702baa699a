"""Configuration of the documentation: ``python -m sphinx -W --keep-going docs build/html``."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # examples and pages print the same everywhere
DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS.parent), str(DOCS / "_extensions")]

import name_links  # noqa: E402
from numpydoc.xref import DEFAULT_LINKS  # noqa: E402

import sknn  # noqa: E402

project = "sknn"
author = "the developers of sknn"
project_copyright = "the developers of sknn"
version = release = sknn.__version__

extensions = [
    "api_reference",
    "captions",
    "example_links",
    "name_links",
    "myst_parser",
    "numpydoc",
    "search_words",
    "sphinx.ext.autodoc",
    "sphinx_gallery.gen_gallery",
    "table_cells",
]
exclude_patterns = ["_build", "_extensions", "**sg_execution_times.rst"]
default_role = "py:obj"
nitpicky = True  # a name in a docstring that nothing has is an error
nitpick_ignore_regex = [("py:obj", r"sklearn\..*")]
toc_object_entries_show_parents = "hide"

myst_heading_anchors = 3

# ---------------------------------------------------------------- docstrings

autodoc_typehints = "none"  # numpydoc's sections say more
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
# Types in lists of parameters link to their pages; those of Python and NumPy are elsewhere.
DEFAULT_LINKS.clear()
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {
    name: full
    for name, candidates in name_links.targets().items()
    if "." not in name and (full := name_links.choose(candidates, ""))
}
# Not demanded everywhere: a See Also, an extended summary, examples, and types without names.
numpydoc_validation_checks = {"all", "SA01", "ES01", "EX01", "RT02"}
numpydoc_validation_exclude = {
    # Their parameters are those of scikit-learn, or fields that the house fills in.
    r"^sknn\.compat\.MLP(Classifier|Regressor)$",
    r"^sknn\.dask\.DaskMLP(Classifier|Regressor)$",
    r"^sknn\.(callbacks\.TrainingState|inspection\.RangeTest|optimizers\.State|schedules\.Progress)$",
    r"^sknn\.uncertainty\.(ClassUncertainty|RegressionUncertainty)$",
}

# ---------------------------------------------------------------- gallery

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"plot_",
    "ignore_pattern": r"^quickstart\.py$",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("sknn",),
    "within_subsection_order": "gallery.position",
    "minigallery_sort_order": "gallery.position",
    "thumbnail_size": (560, 392),
    "reset_modules": ("matplotlib", "gallery.make_strict"),
    "download_all_examples": False,
    "image_srcset": ["2x"],  # sharp on screens with many pixels
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 3600,
    "matplotlib_animations": False,
    "capture_repr": ("_repr_html_", "__repr__"),
    "ignore_repr_types": r"matplotlib|sknn\.inspection",
    "abort_on_example_error": True,
    "nested_sections": False,
}

# ---------------------------------------------------------------- pages

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["sknn.css"]
html_favicon = "_static/favicon.svg"
html_title = "sknn"
html_context = {"default_mode": "auto"}
# More room for the home page, for pages of their own and for tables of nine columns.
html_sidebars = {page: [] for page in ("index", "first_steps", "migration", "faq", "tables")}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "navbar_center": ["navbar-nav"],
    "header_links_before_dropdown": 8,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": [], "gallery/index": []},
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
