"""What is made of images before they are clustered, and k-means of it against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from image_sets import blots
from sklearn.cluster import KMeans

from diar.errors import DataError
from diar.images.cluster import Clustering, ImageInput, kmeans_of_vectors, train_dec
from diar.nets.cluster_options import ConvSaeOptions, FcSaeOptions, ImageDecOptions, KmeansOptions
from diar.nets.image_sae import make_image_sae
from diar.nets.options import DeviceOptions

BLOTS = blots(90, 1)


def test_k_means_sees_every_pixel_from_0_to_1() -> None:
    found = ImageInput().vectors(BLOTS.images)
    assert found.dtype == np.float32 and found.shape == (90, 300)
    np.testing.assert_allclose(found, BLOTS.images.reshape(90, 300) / 255, rtol=1e-6)
    every = ImageInput().vectors(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1))
    np.testing.assert_array_equal(every[0], np.arange(256, dtype=np.float32) / np.float32(255))


def test_networks_see_pixels_side_by_side_or_as_images_and_chance_moves_them_where_asked_for() -> None:
    samples = torch.arange(90)
    for net, shape in (("fc", (300,)), ("conv", (3, 10, 10))):
        still, moved = (ImageInput(augment=name).of(BLOTS.images, net, FcSaeOptions(), DeviceOptions())
                        for name in ("none", "shift-rotate"))  # fmt: skip
        assert still.shape == moved.shape == shape and torch.equal(still[samples], moved[samples])
        assert torch.equal(still.varied(samples), still[samples])
        assert not torch.equal(moved.varied(samples), moved[samples])


def test_the_contrast_of_images_is_normalized_where_options_say_so_but_not_that_of_descriptors() -> None:
    options, samples = FcSaeOptions(contrast_normalization=True), torch.arange(90)
    seen = ImageInput().of(BLOTS.images, "fc", options, DeviceOptions())
    np.testing.assert_allclose(seen[samples].mean(dim=1), 0, atol=1e-5)
    refused = "^--contrast-normalization: found true with --input sift; wanted false, or pixels$"
    with pytest.raises(DataError, match=refused):
        ImageInput("sift").check_fits("fc", options)
    ImageInput().check_fits("fc", options)


def test_descriptors_are_neither_moved_nor_of_use_to_convolutions() -> None:
    with pytest.raises(DataError, match="^--augment: found shift-rotate with --input sift; wanted none, or pixels$"):
        ImageInput("sift", "shift-rotate")
    with pytest.raises(DataError, match="^--net: found conv with --input sift; wanted fc, or pixels$"):
        ImageInput("sift").check_fits("conv", ConvSaeOptions())
    ImageInput("sift").check_fits("fc", FcSaeOptions())
    ImageInput().check_fits("conv", ConvSaeOptions())


@pytest.mark.parametrize("samples", [40, 20000])
def test_k_means_labels_are_the_nearest_centres_and_centres_the_means(samples: int) -> None:
    vectors = ImageInput().vectors(BLOTS.images)
    centres, labels = kmeans_of_vectors(vectors, 4, KmeansOptions(10, samples, seed=3))
    distances = np.square(vectors[:, None] - centres).sum(axis=2)
    np.testing.assert_array_equal(labels, distances.argmin(axis=1))
    np.testing.assert_allclose(centres, [vectors[labels == k].mean(axis=0) for k in range(4)], atol=1e-6)
    if samples > 90:
        known = KMeans(4, n_init=10, random_state=3).fit(vectors)
        np.testing.assert_array_equal(labels, known.labels_)
    with pytest.raises(DataError, match="^clusters: found 90 samples; wanted 91 or more, one a cluster$"):
        kmeans_of_vectors(vectors, 91, KmeansOptions(1))


def test_dec_leaves_the_autoencoder_as_it_is_for_idec() -> None:
    options = FcSaeOptions(hidden="8", bottleneck=3, batch_size=32)
    inputs = ImageInput().of(BLOTS.images, "fc", options, DeviceOptions())
    network = make_image_sae(inputs, options)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    dec_options = ImageDecOptions(n_clusters=4, max_intervals=1, update_interval=3, batch_size=32)
    done = train_dec(network, "idec", inputs, dec_options, DeviceOptions())
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name]), name
    assert not torch.equal(done.model.network.encoder[0].weight, before["encoder.0.weight"])


def test_a_label_is_the_cluster_of_most_share() -> None:
    shares = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]], np.float32)
    found = Clustering(np.zeros((2, 3), np.float32), shares)
    assert found.labels.tolist() == [1, 0]
