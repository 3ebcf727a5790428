"""PSNR and SSIM against brute force in float64, scikit-image if it is there, and what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from diar.images.fidelity import psnr, squared_errors, ssim

SHAPES = [(3, 3, 32, 32), (2, 1, 28, 28), (2, 1, 8, 8), (1, 2, 13, 21), (1, 1, 1, 4)]


def pair(shape: tuple[int, ...], seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    images = gaussian_filter(rng.random(shape), (0, 0, 1, 1)) if min(shape[2:]) > 1 else rng.random(shape)
    return images.astype(np.float32), np.clip(images + 0.1 * rng.normal(size=shape), 0, 1).astype(np.float32)


def brute_force_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Of (H, W) images, window by window, from the two-dimensional weights."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    size = min(11, (min(x.shape) - 1) // 2 * 2 + 1)
    places = np.arange(size) - size // 2
    weights = np.exp(-(places[:, None] ** 2 + places**2) / (2 * 1.5**2))
    weights /= weights.sum()
    found = []
    for top in range(x.shape[0] - size + 1):
        for left in range(x.shape[1] - size + 1):
            a, b = (image[top : top + size, left : left + size] for image in (x, y))
            m_a, m_b = (weights * a).sum(), (weights * b).sum()
            v_a, v_b = (weights * (a - m_a) ** 2).sum(), (weights * (b - m_b) ** 2).sum()
            cov = (weights * (a - m_a) * (b - m_b)).sum()
            likeness = (2 * m_a * m_b + 1e-4) * (2 * cov + 9e-4)
            found.append(likeness / ((m_a**2 + m_b**2 + 1e-4) * (v_a + v_b + 9e-4)))
    return float(np.mean(found))


@pytest.mark.parametrize("shape", SHAPES)
def test_ssim_is_the_definition(shape: tuple[int, ...]) -> None:
    x, y = pair(shape)
    wanted = [np.mean([brute_force_ssim(a, b) for a, b in zip(*both, strict=True)]) for both in zip(x, y, strict=True)]
    np.testing.assert_allclose(ssim(x, y), wanted, rtol=1e-9)


def test_psnr_is_the_definition() -> None:
    x, y = pair((4, 3, 9, 7))
    errors = [sum((float(a) - float(b)) ** 2 for a, b in zip(p.flat, q.flat, strict=True)) / p.size for p, q in zip(x, y, strict=True)]  # noqa: E501
    np.testing.assert_allclose(squared_errors(x, y), errors, rtol=1e-12)
    np.testing.assert_allclose(psnr(squared_errors(x, y)), [10 * np.log10(1 / e) for e in errors], rtol=1e-12)
    np.testing.assert_allclose(psnr(np.array([1.0, 0.1, 1e-4])), [0, 10, 40], atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES[:2])
def test_scikit_image_finds_the_same(shape: tuple[int, ...]) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    x, y = (one.astype(np.float64) for one in pair(shape))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    wanted = [metrics.structural_similarity(a, b, channel_axis=0, **options) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(ssim(x, y), wanted, rtol=1e-7)
    wanted = [metrics.peak_signal_noise_ratio(a, b, data_range=1.0) for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(psnr(squared_errors(x, y)), wanted, rtol=1e-9)


def test_equal_images_are_as_near_as_can_be_and_order_does_not_matter() -> None:
    x, y = pair((3, 3, 16, 16))
    np.testing.assert_allclose(ssim(x, x), 1)
    np.testing.assert_array_equal(psnr(squared_errors(x, x)), 100)
    np.testing.assert_allclose(ssim(x, y), ssim(y, x), rtol=1e-12)
    np.testing.assert_array_equal(squared_errors(x, y), squared_errors(y, x))
    assert (ssim(x, y) < 0.95).all()


def test_more_noise_is_worse_and_blocks_do_not_matter() -> None:
    x, y = pair((3, 1, 12, 12))
    worse = np.clip(x + 3 * (y - x), 0, 1)
    assert (ssim(x, worse) < ssim(x, y)).all() and (squared_errors(x, worse) > squared_errors(x, y)).all()
    many = [np.tile(one, (400, 1, 1, 1)) for one in (x, y)]  # more than a block
    np.testing.assert_allclose(ssim(*many), np.tile(ssim(x, y), 400), rtol=1e-12)
    np.testing.assert_allclose(squared_errors(*many), np.tile(squared_errors(x, y), 400), rtol=1e-12)


def test_no_images_have_no_figures() -> None:
    none = np.zeros((0, 3, 8, 8), np.float32)
    assert ssim(none, none).shape == squared_errors(none, none).shape == psnr(np.zeros(0)).shape == (0,)
