"""Tables in files: values as another reader finds them, guesses that are told, refusals."""

import csv
import gzip
import json
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from diffusion_vae.datasets import TableWarning, load

NAMES = ["a", "b", "c"]


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).normal(size=(10, 3)) * 100


@pytest.fixture
def frame(x):
    return pd.DataFrame(x, columns=NAMES)


@pytest.fixture
def mixed(frame):
    """A table with columns of every kind."""
    return frame.assign(
        kind=["u", "v"] * 5,
        day=pd.date_range("2020-01-01", periods=10),
        flag=[True, False] * 5,
        depth=np.linspace(0.0, 0.9, 10),
        group=[3, 1] * 5,
        name=[f"cell {i}" for i in range(10)],
    )


def whole(path, **options):
    """All rows, in their order."""
    return load(path, test_fraction=0.0, **options).train


def written(path, text):
    path.write_text(text)
    return path


def by_the_standard_library(path, delimiter=","):
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", newline="") as file:
        return np.array(
            [[float(each) for each in row] for row in [*csv.reader(file, delimiter=delimiter)][1:]]
        )


@pytest.mark.parametrize(
    ("name", "delimiter"), [("a.csv", ","), ("a.tsv", "\t"), ("a.csv.gz", ","), ("A.CSV", ";")]
)
def test_numbers_are_read_as_they_are_written(tmp_path, frame, name, delimiter):
    path = tmp_path / name
    frame.to_csv(path, sep=delimiter, index=False)
    values = whole(path)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, by_the_standard_library(path, delimiter).astype("f4"))
    assert load(path).column_names == ("a", "b", "c")


def test_whole_numbers_of_a_table_are_not_scaled(tmp_path):
    counts = np.random.default_rng(0).integers(0, 256, (10, 4))
    np.savetxt(tmp_path / "a.csv", counts, "%d", ",", header="a,b,c,d")
    pa.parquet.write_table(
        pa.table(dict(zip("abcd", counts.T, strict=True))), tmp_path / "a.parquet"
    )
    np.save(tmp_path / "a.npy", counts)
    for name in ("a.csv", "a.parquet", "a.npy"):
        np.testing.assert_array_equal(whole(tmp_path / name), counts)


def test_rows_are_split_at_random_with_their_labels(tmp_path, mixed):
    path = tmp_path / "a.csv"
    mixed.to_csv(path, index=False)
    dataset = load(path, columns=NAMES, label_column="group", test_fraction=0.3, seed=1)
    assert (dataset.train.shape, dataset.test.shape) == ((7, 3), (3, 3))
    group = dict(zip(mixed.a.astype("f4"), mixed.group, strict=True))
    for rows, labels in (
        (dataset.train, dataset.train_labels),
        (dataset.test, dataset.test_labels),
    ):
        assert [group[each] for each in rows[:, 0]] == list(labels)
    again = load(dataset.name, **json.loads(json.dumps(dataset.options)))
    np.testing.assert_array_equal(again.test, dataset.test)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_by_name_and_pattern(tmp_path, mixed, kind):
    path = tmp_path / f"a.{kind}"
    getattr(mixed, f"to_{kind}")(path, index=False)
    for columns in ("c,a", ["c", "a"], "c, a"):
        np.testing.assert_array_equal(whole(path, columns=columns), mixed[["c", "a"]].astype("f4"))
    np.testing.assert_array_equal(whole(path, columns="[abc]"), mixed[NAMES].astype("f4"))
    np.testing.assert_array_equal(whole(path, columns="flag,a")[:, 0], [1, 0] * 5)
    with pytest.raises(
        ValueError, match=r"`columns` to name columns.*'gruop'. Did you mean 'group'"
    ):
        load(path, columns="a,gruop")
    with pytest.raises(ValueError, match=r"Received: 'kind' \(text, such as 'u'\)"):
        load(path)
    with pytest.raises(ValueError, match=r"Received: 'day' \((datetime|text, such as '2020-01)"):
        load(path, columns=["a", "day"])


def test_labels_are_classes_or_factors(tmp_path, mixed):
    path = tmp_path / "a.parquet"
    mixed.to_parquet(path)

    def labelled(column):
        return load(path, columns="a", label_column=column, test_fraction=0.0)

    text = labelled("kind")
    assert text.label_names == ("u", "v") and text.colouring == "labels"
    np.testing.assert_array_equal(text.train_labels, [0, 1] * 5)
    numbers = labelled("group")
    assert numbers.label_names is None
    np.testing.assert_array_equal(numbers.train_labels, [3, 1] * 5)
    np.testing.assert_array_equal(labelled("flag").train_labels, [1, 0] * 5)
    scale = labelled("depth")
    assert scale.train_labels is None and scale.colouring == "scale"
    np.testing.assert_array_equal(scale.train_factors, mixed[["depth"]])
    several = labelled("depth,group")
    np.testing.assert_array_equal(several.train_factors, mixed[["depth", "group"]])
    both = labelled("depth,kind")
    np.testing.assert_array_equal(both.train_labels, [0, 1] * 5)
    np.testing.assert_array_equal(both.train_factors, mixed[["depth"]])
    assert load(path, columns="[abc]").train.shape == (8, 3)
    with pytest.raises(ValueError, match=r"`label_column` to name.*'knd'. Did you mean 'kind'"):
        labelled("knd")
    with pytest.raises(ValueError, match=r"at most one label column of classes.*'name' as well"):
        labelled("kind,name")
    with pytest.raises(ValueError, match=r"hold classes or numbers. Received: Timestamp"):
        labelled("day")


def test_names_of_the_rows_are_no_classes(tmp_path):
    pd.DataFrame({"a": np.arange(50) ** 2, "name": [f"cell {i}" for i in range(50)]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    with pytest.raises(ValueError, match=r"'name'.*Received: 50 different texts in 50 rows"):
        load(tmp_path / "a.csv", label_column="name")


def test_an_unnamed_first_column_is_an_index(tmp_path, frame):
    path = tmp_path / "a.csv"
    frame.to_csv(path)
    with pytest.warns(TableWarning, match=r"first column of 'a.csv' has no name.*an index"):
        np.testing.assert_array_equal(whole(path), frame.astype("f4"))
    with pytest.warns(TableWarning, match="an index"):
        again = pd.read_csv(path)
        again.to_csv(path)  # written twice: two of them
        np.testing.assert_array_equal(whole(path), frame.astype("f4"))
    pd.DataFrame(frame.to_numpy()).to_csv(path)  # columns 0, 1, 2
    with pytest.warns(TableWarning, match="an index"):
        np.testing.assert_array_equal(whole(path), frame.astype("f4"))


def test_a_named_column_that_numbers_the_rows_is_told(tmp_path, frame):
    frame.assign(id=range(1, 11)).to_csv(tmp_path / "a.csv", index=False)
    with pytest.warns(TableWarning, match=r"The column 'id' of 'a.csv' numbers the rows"):
        assert whole(tmp_path / "a.csv").shape == (10, 4)


def test_a_first_line_of_numbers_is_an_example(tmp_path, frame, x):
    path = tmp_path / "a.csv"
    frame.to_csv(path, index=False, header=False)
    with pytest.warns(TableWarning, match="holds numbers, and is taken as an example"):
        np.testing.assert_array_equal(whole(path), frame.astype("f4"))
    np.testing.assert_array_equal(whole(path, header=False), frame.astype("f4"))
    assert whole(path, header=True).shape == (9, 3)
    np.savetxt(path, x)  # blanks between
    np.testing.assert_array_equal(whole(path, header=False), np.loadtxt(path).astype("f4"))
    pd.DataFrame(x).to_csv(path, index=False)  # names 0, 1, 2
    with pytest.warns(TableWarning, match=r"holds 0, 1, ..., and is taken as names"):
        np.testing.assert_array_equal(whole(path), frame.astype("f4"))


def test_a_first_line_of_numbers_and_text_is_told(tmp_path):
    path = written(tmp_path / "iris.csv", "5.1,3.5,setosa\n4.9,3.0,virginica\n4.7,3.2,setosa\n")
    with pytest.warns(TableWarning, match="numbers and text, and is taken as names"):
        assert whole(path, label_column="setosa").shape == (2, 2)
    dataset = load(path, header=False, label_column="2", test_fraction=0.0)
    np.testing.assert_allclose(dataset.train, [[5.1, 3.5], [4.9, 3.0], [4.7, 3.2]], rtol=1e-6)
    assert dataset.label_names == ("setosa", "virginica")


def test_decimal_commas_between_semicolons(tmp_path, frame):
    path = tmp_path / "a.csv"
    frame.to_csv(path, index=False, sep=";", decimal=",")
    with pytest.warns(TableWarning, match="decimal commas"):
        np.testing.assert_array_equal(whole(path), frame.astype("f4"))
    written(path, '"x;y";b\n"1,5";2\n"2,5";3\n')
    with pytest.warns(TableWarning, match="decimal commas"):
        np.testing.assert_array_equal(whole(path), [[1.5, 2], [2.5, 3]])
    written(path, 'a,b\n"1,5",2\n"2,5",3\n')
    with pytest.raises(ValueError, match=r"'a' .text, such as '1,5'"):
        load(path)


def test_a_byte_order_mark_empty_lines_and_a_delimiter_at_the_end(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeff\n a, b,\r\n1, 2,\r\n\r\n3,4,\r\n".encode())
    dataset = load(path, test_fraction=0.0)
    assert dataset.column_names == ("a", "b")
    np.testing.assert_array_equal(dataset.train, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Received: an empty file"),
        ("\n \n", "Received: an empty file"),
        ("a,b\n", "Received: names alone"),
        ("a,b\n1,2\n", "Received: 1 and 0"),
        ("a,b\n1,2\n3,4,5\n6,7\n", "2 values in each line.*Received: 3 in line 3"),
        ("a,b\n1,2,3\n3,4,5\n6,7,8\n", "Received: 3 in line 2"),
        ("a,b\n1,2\n\n3\n6,7\n", "Received: 1 in line 4"),
        (
            "a,b\n1,2\n3,\n,7\n",
            r"1 missing in column 'a', 1 missing in column 'b', of 3 rows.*row 1",
        ),
        ("a,b\n1,2\n-inf,5\n2,1e39\n", "1 infinite or beyond 3e38 in column 'a', 1 infinite"),
        ("a,b\n1,2\n3,n.d.\n6,7\n", r"'b' \(text, such as 'n.d.', in 1 of 3 rows\)"),
        (
            "t,b\n1700000001,1\n1700000002,2\n1700000003,5\n",
            "'t', which varies by 0.82 about 1700",
        ),
    ],
)
def test_what_is_no_table_of_numbers_gets_a_sentence(tmp_path, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        load(written(tmp_path / "a.csv", text))


def test_missing_values_elsewhere_do_not_matter(tmp_path):
    path = written(tmp_path / "a.csv", "a,b,c\n1,,x\n3,,\n6,7,y\n")
    np.testing.assert_array_equal(whole(path, columns="a"), [[1], [3], [6]])
    with pytest.raises(ValueError, match=r"a label in every row. Received: 1 missing in 'c'"):
        load(path, columns="a", label_column="c")
    with pytest.raises(ValueError, match=r"labels of 'a.csv'.*2 missing in column 'b'"):
        load(path, columns="a", label_column="b")


def test_damaged_files_are_named(tmp_path, frame):
    frame.to_parquet(tmp_path / "a.parquet")
    np.save(tmp_path / "a.npy", frame)
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1.25,2\n" * 3000))
    for name in ("a.parquet", "a.npy", "a.csv.gz"):
        content = (tmp_path / name).read_bytes()
        for broken in (content[: len(content) // 2], b"hello"):
            (tmp_path / name).write_bytes(broken)
            with pytest.raises(ValueError, match=f"{name}' cannot be read as"):
                load(tmp_path / name)
    (tmp_path / "a.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(ValueError, match="cannot be read as a table in UTF-8"):
        load(tmp_path / "a.csv")


def test_parquet_with_an_index_missing_whole_numbers_and_lists(tmp_path, mixed):
    path = tmp_path / "a.parquet"
    mixed.set_index("name")[NAMES].to_parquet(path)
    assert load(path).column_names == ("a", "b", "c")
    partly = pd.array(["u", None, "v"], dtype="string")
    table = pa.table({"n": [1, None, 3], "l": [[1], [2], [3]], "i": [4, 5, 7], "s": partly})
    pa.parquet.write_table(table, path)
    np.testing.assert_array_equal(whole(path, columns="i"), [[4], [5], [7]])
    with pytest.raises(ValueError, match="1 missing in column 'n', of 3 rows, the first in row 1"):
        load(path, columns="n,i")
    with pytest.raises(ValueError, match=r"'l' \(object\)"):
        load(path, columns="l")
    with pytest.raises(ValueError, match=r"a label in every row. Received: 1 missing in 's'"):
        load(path, columns="i", label_column="s")


def test_an_npy_file_is_a_table_or_pictures(tmp_path, x):
    path = tmp_path / "a.npy"
    np.save(path, x)
    np.testing.assert_array_equal(whole(path), x.astype("f4"))
    np.testing.assert_array_equal(whole(path, columns="2,0"), x[:, [2, 0]].astype("f4"))
    np.testing.assert_array_equal(
        load(path, label_column="1", test_fraction=0.0).train_factors, x[:, [1]]
    )
    pictures = np.random.default_rng(0).integers(0, 256, (5, 4, 6), dtype=np.uint8)
    np.save(path, pictures)
    np.testing.assert_allclose(whole(path)[..., 0], pictures / 255, atol=1e-7)
    with pytest.raises(ValueError, match=r"`columns` is for tables.*shape \(5, 4, 6\)"):
        load(path, columns="1")
    np.save(path, pictures.reshape(5, 24))
    with pytest.warns(TableWarning, match=r"uint8 values.*flat pictures"):
        np.testing.assert_array_equal(whole(path), pictures.reshape(5, 24))
    for bad in (x[:, 0], x + 1j, np.float64(3)):
        np.save(path, bad)
        with pytest.raises(ValueError, match=r"Expected 'a.npy' to hold real numbers"):
            load(path)
    np.save(path, np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="or holds objects"):
        load(path)


def test_limit_reads_the_first_rows(tmp_path, frame):
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    np.save(tmp_path / "a.npy", frame)
    for name in ("a.csv", "a.parquet", "a.npy"):
        values = whole(tmp_path / name, limit=4)
        np.testing.assert_array_equal(values, frame[:4].astype("f4"))


def test_misplaced_options_are_named(tmp_path, frame):
    frame.to_csv(tmp_path / "a.csv", index=False)
    np.save(tmp_path / "a.npy", frame)
    for name, option in (
        ("a.csv", {"key": "a"}),
        ("a.csv", {"layer": "a"}),
        ("a.npy", {"header": True}),
    ):
        with pytest.raises(ValueError, match=f"The option `{next(iter(option))}` is not for"):
            load(tmp_path / name, **option)
    with pytest.raises(TypeError, match=r"names of columns, as text. Received: 1.5"):
        load(tmp_path / "a.csv", columns=[1.5])
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        load(tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [
        ("a.csv", "pandas", "tables"),
        ("a.parquet", "pyarrow", "tables"),
        ("a.h5ad", "anndata", "anndata"),
    ],
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, name, package, extra):
    (tmp_path / name).write_bytes(b"")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"package {package}.*diffusion-vae\[{extra}\]"):
        load(tmp_path / name)
