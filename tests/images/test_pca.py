"""Principal axes against the singular vectors of all images, and what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from image_sets import blots

from diar.images import pca
from diar.images.fidelity import psnr, squared_errors
from diar.images.pca import as_numbers, principal_axes

IMAGES, OTHERS = blots(200, 1).images, blots(40, 2).images


@pytest.mark.parametrize("n_axes", [1, 10, 150])
def test_axes_are_those_of_the_singular_value_decomposition(n_axes: int) -> None:
    values = np.array([image.transpose(2, 0, 1).ravel() / 255 for image in IMAGES.astype(np.float64)])
    mean = values.mean(axis=0)
    vectors = np.linalg.svd(values - mean, full_matrices=False)[2][:n_axes]
    others = np.array([image.transpose(2, 0, 1).ravel() / 255 for image in OTHERS.astype(np.float64)])
    wanted = np.clip((others - mean) @ vectors.T @ vectors + mean, 0, 1)
    found = principal_axes(IMAGES, n_axes)
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(n_axes), atol=1e-5)
    np.testing.assert_allclose(np.abs(np.sum(found.axes[:1] * vectors[:1])), 1, rtol=1e-4)  # the first comes first
    np.testing.assert_allclose(found.reconstruct(OTHERS).reshape(40, -1), wanted, atol=1e-4)


def test_scikit_learn_finds_the_same() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    values = as_numbers(IMAGES).reshape(200, -1).astype(np.float64)
    model = decomposition.PCA(20, svd_solver="full").fit(values)
    wanted = model.inverse_transform(model.transform(as_numbers(OTHERS).reshape(40, -1)))
    found = principal_axes(IMAGES, 20).reconstruct(OTHERS).reshape(40, -1)
    np.testing.assert_allclose(found, np.clip(wanted, 0, 1), atol=1e-4)


def test_more_axes_are_nearer_and_all_of_them_give_the_images_back() -> None:
    def mean_psnr(n_axes: int) -> float:
        found = principal_axes(IMAGES, n_axes).reconstruct(IMAGES)
        return float(psnr(squared_errors(as_numbers(IMAGES), found)).mean())

    found = [mean_psnr(n_axes) for n_axes in (1, 2, 8, 32, 128)]
    assert found == sorted(found) and found[-1] > found[0] + 3
    whole = principal_axes(IMAGES, 1000)  # more than there are values
    assert len(whole.axes) == 300
    np.testing.assert_allclose(whole.reconstruct(OTHERS), as_numbers(OTHERS), atol=1e-5)


def test_neither_blocks_nor_the_order_of_images_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = principal_axes(IMAGES, 5).reconstruct(OTHERS)
    np.testing.assert_allclose(principal_axes(IMAGES[::-1], 5).reconstruct(OTHERS), wanted, atol=1e-5)
    monkeypatch.setattr(pca, "_BLOCK", 17)
    np.testing.assert_allclose(principal_axes(IMAGES, 5).reconstruct(OTHERS), wanted, atol=1e-5)
    again = principal_axes(IMAGES, 5)
    assert again.axes.tobytes() == principal_axes(IMAGES, 5).axes.tobytes()
