"""Sources of batches: their elements are looked at once, and each kind gets its sentence."""

import warnings

import keras
import numpy as np
import pytest
import scipy.sparse
import tensorflow as tf

Dataset = tf.data.Dataset
PICTURES = np.random.default_rng(1).random((12, 5, 4, 1), dtype=np.float32)
RAGGED = tf.ragged.constant([[1.0, 2.0], [3.0]] * 4)


class Batches(keras.utils.PyDataset):
    """Batches of four of an array, or what a function makes of them."""

    def __init__(self, array, change=lambda batch: batch):
        super().__init__()
        self.array, self.change = array, change

    def __len__(self):
        return len(self.array) // 4

    def __getitem__(self, index):
        return self.change(self.array[4 * index : 4 * index + 4])


def as_dictionary(batch):
    return {"image": batch, "label": batch}


def pictures(**elements):
    return Dataset.from_tensor_slices(elements or PICTURES)


SPARSE = tf.sparse.from_dense(PICTURES[:, :, 0, 0])
BAD = {
    "csr": (scipy.sparse.csr_matrix(PICTURES[:, :, 0, 0]), r"dense.*sparse csr_matrix.*toarray"),
    "sparse tensor": (SPARSE, r"dense.*Received: a sparse SparseTensor.*to_dense"),
    "sparse": (Dataset.from_tensor_slices(SPARSE).batch(4), r"dense.*SparseTensorSpec.*to_dense"),
    "ragged tensor": (RAGGED, r"one shape.*RaggedTensor.*to_tensor"),
    "ragged": (Dataset.from_tensor_slices(RAGGED).batch(4), r"one shape.*RaggedTensorSpec"),
    "dictionaries": (
        pictures(image=PICTURES, label=np.arange(12)).batch(4),
        r"dictionaries with \['image', 'label'\].*lambda element: element\['image'\]",
    ),
    "tuples": (Dataset.from_tensor_slices(((PICTURES, PICTURES),)).batch(4), r"2 arrays an exam"),
    "four parts": (Dataset.from_tensor_slices((PICTURES,) * 4).batch(4), r"tuples of 4"),
    "single examples": (pictures(), r"batches.*\(5, 4, 1\), single examples.*`data.batch\(32\)`"),
    "unbatched": (pictures().batch(4).unbatch(), r"single examples"),
    "a dictionary a batch": (Batches(PICTURES, as_dictionary), r"element\['image'\] alone"),
    "a generator of rows": (lambda: (row[0, :, 0] for row in PICTURES), r"single examples"),
    "a generator at its end": (lambda: (row for row in ()), r"at least one batch"),
}


@pytest.mark.parametrize("where", ["x", "validation_data"])
@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_batch_of_dense_arrays_gets_a_sentence(make, kind, where):
    make_data, message = BAD[kind]
    data = make_data() if callable(make_data) else make_data
    model = make(event_shape=None)
    with pytest.raises(ValueError, match=message):
        if where == "x":
            model.fit(data, shuffle=False, verbose=0)
        else:
            model.fit(PICTURES, validation_data=data, verbose=0)
    assert int(model.schedule_step) == 0


@pytest.mark.parametrize("kind", ["csr", "sparse tensor", "ragged tensor", "dictionaries"])
def test_the_methods_of_a_trained_model_give_the_same_sentences(make, kind):
    data, message = BAD[kind]
    model = make(event_shape=None)
    for method in (model.encode, model.elbo, model.predict, model.evaluate):
        with pytest.raises(ValueError, match=message):
            method(data)


def test_a_built_model_knows_single_examples_by_their_rank(make):
    model = make(event_shape=(5, 4, 1))
    model.build((None, 5, 4, 1))
    for data in (pictures(), pictures().map(lambda x: tf.ensure_shape(x, (5, None, 1)))):
        with pytest.raises(ValueError, match="single examples"):
            model.evaluate(data, verbose=0)
    whole = pictures().batch(4, drop_remainder=True)
    assert np.isfinite(model.evaluate(whole, verbose=0)[0])


@pytest.mark.parametrize("batched", ["drop_remainder", "whole", "mixed"])
def test_batches_of_a_known_length_are_batches(make, batched):
    of_four = pictures().batch(4, drop_remainder=True)
    data = {
        "drop_remainder": of_four.prefetch(1),
        "whole": Dataset.from_tensors(PICTURES),
        "mixed": Dataset.sample_from_datasets([of_four, of_four], seed=1),
    }[batched]
    model = make(event_shape=None)
    model.evaluate(data, verbose=0, steps=1)
    assert model.event_shape == (5, 4, 1)


@pytest.mark.slow
def test_a_built_model_gives_a_pipeline_the_shape_that_it_has_lost(make):
    def lost(*parts):
        return [tf.numpy_function(lambda x: x, [part], tf.float32) for part in parts]

    model, x = make(event_shape=(5, 4, 1)), PICTURES
    data = Dataset.from_tensor_slices((x, x)).map(lost).batch(4)
    with pytest.raises(ValueError, match=r"unknown rank.*ensure_shape.*model\.build"):
        model.fit(data, shuffle=False, verbose=0)
    model.build((None, 5, 4, 1))
    model.compile("adam")
    history = model.fit(data, validation_data=data, shuffle=False, verbose=0).history
    assert np.isfinite(history["val_loss"]).all()
    sizes = pictures().batch(4).map(lambda x: tf.ensure_shape(x, (None, None, None, 1)))
    assert np.isfinite(model.evaluate(sizes, verbose=0)[0])


@pytest.mark.parametrize("alone", [True, False])
def test_the_first_batch_is_trained_on_once(make, alone):
    seen = []

    def batches():
        for index in range(3):
            seen.append(index)
            batch = PICTURES[4 * index : 4 * index + 4]
            yield batch if alone else (batch,)

    model = make(event_shape=(5, 4, 1))
    model.fit(batches(), steps_per_epoch=3, shuffle=False, verbose=0)
    assert seen == [0, 1, 2]
    assert int(model.schedule_step) == 3


def test_whole_numbers_in_a_pipeline_are_looked_at(make):
    whole = (255 * PICTURES).astype("uint8")
    for data in (Dataset.from_tensor_slices(whole).batch(4), Batches(whole)):
        with pytest.raises(ValueError, match=r"pictures scaled to about \[0, 1\]"):
            make(event_shape=None).fit(data, shuffle=False, verbose=0)
    binary = Dataset.from_tensor_slices(whole // 128).batch(4)
    make(event_shape=None).evaluate(binary, verbose=0)


def test_floats_in_a_pipeline_are_looked_at_before_the_first_training(make):
    unscaled = Dataset.from_tensor_slices(255 * PICTURES).batch(4)  # as Keras reads folders
    with pytest.raises(ValueError, match=r"\[0, 1\] for a Bernoulli"):
        make(event_shape=None, likelihood="bernoulli").fit(unscaled, shuffle=False, verbose=0)
    model = make(event_shape=None)
    with pytest.warns(UserWarning, match=r"values from .* to 25\d.*Scale them"):
        model.fit(unscaled, shuffle=False, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.evaluate(unscaled, verbose=0)  # is not read twice any more


@pytest.mark.slow
def test_encode_and_its_like_take_sources_that_end(make):
    model = make(event_shape=(5, 4, 1), fixed_time=1e-12)  # no noise to speak of
    location, time = model.encode(PICTURES)
    pipeline = Dataset.from_tensor_slices((PICTURES, np.arange(12))).batch(5)
    for source in (pipeline, Batches(PICTURES), (x for x in np.split(PICTURES, 3))):
        encoded = model.encode(source, batch_size=3)
        np.testing.assert_allclose(encoded[0], location, atol=1e-6)
        assert encoded[1].shape == time.shape
    np.testing.assert_allclose(model.elbo(pipeline), model.elbo(PICTURES), rtol=1e-3)
    np.testing.assert_allclose(model.reconstruct(pipeline), model.reconstruct(PICTURES), atol=1e-5)
    assert model.sample_posterior(pipeline, 2).shape == (2, 12, 3)
    estimate = model.log_likelihood(pipeline, samples=2)
    assert estimate.per_example.shape == (12,) and np.isfinite(estimate.standard_error)


def test_a_source_without_an_end_is_refused_where_its_end_is_needed(make):
    model = make(event_shape=(5, 4, 1))
    with pytest.raises(ValueError, match=r"to have an end.*`data\.take\(10\)`"):
        model.encode(pictures().batch(4).repeat())
    with pytest.raises(ValueError, match=r"array of real numbers\. Received: dtype object"):
        model.encode(object())


@pytest.mark.slow  # importing PyTorch
def test_tensors_and_loaders_of_pytorch_on_another_backend(make):
    torch = pytest.importorskip("torch")
    model, x = make(event_shape=(5, 4, 1)), torch.tensor(PICTURES)
    location = model.encode(PICTURES)[0]
    learning = x.clone().requires_grad_()
    np.testing.assert_array_equal(model.encode(learning)[0], location)
    np.testing.assert_array_equal(model.predict(learning, verbose=0)["location"], location)
    np.testing.assert_allclose(model.encode(x.bfloat16())[0], location, atol=1e-2)
    data = torch.utils.data
    with pytest.raises(ValueError, match=r"tuples \(x,\).*TensorDataset"):
        model.fit(data.DataLoader(x, 4), verbose=0)
    model.fit(data.DataLoader(data.TensorDataset(x), 4), shuffle=False, verbose=0)
    assert int(model.schedule_step) == 3
