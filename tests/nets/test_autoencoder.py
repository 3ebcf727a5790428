"""The stacked autoencoder against its formulas in NumPy, against principal components, and layer by layer."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from net_speech import DEVICE, SAE, sae, speech_of
from torch import Tensor, nn
from torch.nn import functional

from diar.errors import DataError
from diar.nets.autoencoder import (
    Autoencoder,
    FinetunePhase,
    LayerPhase,
    make_autoencoder,
    sae_phases,
    squared_error,
)
from diar.nets.inputs import FrameInputs, Inputs
from diar.nets.options import SaeOptions
from diar.nets.train import evaluate, train

INPUTS = speech_of(0).inputs(SAE, DEVICE)
ALL = torch.arange(len(INPUTS))


def parameters_of(network: nn.Module) -> dict[str, bytes]:
    return {name: value.detach().numpy().tobytes() for name, value in network.named_parameters()}


def by_hand(network: Autoencoder, inputs: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The normalised input, the output of each encoder layer, and the reconstruction, in float64."""
    weights = {name: value.double().numpy() for name, value in network.state_dict().items()}
    outputs = [(inputs.astype(np.float64) - weights["mean"]) / weights["scale"]]
    last = len(network.widths) - 2
    for layer in range(last + 1):
        above = outputs[-1] @ weights[f"encoder.{layer}.weight"].T + weights[f"encoder.{layer}.bias"]
        outputs.append(above if layer == last else np.maximum(above, 0.0))
    below = outputs[-1]
    for layer in range(last + 1):
        below = below @ weights[f"decoder.{layer}.weight"].T + weights[f"decoder.{layer}.bias"]
        below = below if layer == last else np.maximum(below, 0.0)
    return outputs, below


# ---- the network ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hidden", ["", "7", "9-5", "4-8-6"])
def test_all_layers_but_code_and_output_are_rectified(hidden: str) -> None:
    network = make_autoencoder(INPUTS, sae(hidden=hidden, initial_deviation=1.0, seed=5))
    values = INPUTS[ALL].numpy()
    outputs, reconstruction = by_hand(network, values)
    with torch.no_grad():
        normal = network.normalise(INPUTS[ALL])
        codes = network.encode(normal)
        for n_layers, wanted in enumerate(outputs):
            np.testing.assert_allclose(network.encode(normal, n_layers).numpy(), wanted, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(codes.numpy(), outputs[-1], rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(network.decode(codes).numpy(), reconstruction, rtol=1e-4, atol=1e-3)
    assert (codes < 0).any() and (reconstruction < 0).any()


def test_inputs_are_normalised_over_the_speech() -> None:
    network = make_autoencoder(INPUTS, SAE)
    normal = network.normalise(INPUTS[ALL]).double().numpy()
    np.testing.assert_allclose(normal.mean(axis=0), 0.0, atol=1e-5)
    np.testing.assert_allclose(normal.std(axis=0), 1.0, atol=1e-5)
    assert {"mean", "scale"} <= network.state_dict().keys()


@pytest.mark.parametrize(
    ("hidden", "widths"), [("", (9, 3)), ("12", (9, 12, 3)), ("500-500-2000", (9, 500, 500, 2000, 3))]
)
def test_widths_go_from_the_input_to_the_bottleneck_and_back(hidden: str, widths: tuple[int, ...]) -> None:
    assert sae(hidden=hidden).widths(9) == widths
    network = Autoencoder(widths)
    assert [tuple(layer.weight.shape) for layer in network.encoder] == list(zip(widths[1:], widths, strict=False))
    assert [layer.out_features for layer in network.decoder] == list(widths[-2::-1])


def test_first_weights_are_torchs_or_drawn_from_a_normal() -> None:
    wide = sae(hidden="200-100")
    default = make_autoencoder(INPUTS, wide)
    normal = make_autoencoder(INPUTS, sae(hidden="200-100", initial_deviation=0.01))
    for layer in (*default.encoder, *default.decoder):
        bound = layer.in_features**-0.5
        assert 0.8 * bound < layer.weight.abs().max() <= bound and layer.bias.abs().max() > 0
    for layer in (*normal.encoder, *normal.decoder):
        assert not layer.bias.any()
        assert float(layer.weight.detach().std()) == pytest.approx(0.01, rel=0.15)
    again, other = make_autoencoder(INPUTS, wide), make_autoencoder(INPUTS, sae(hidden="200-100", seed=2))
    assert parameters_of(again) == parameters_of(default)
    assert parameters_of(other)["encoder.0.weight"] != parameters_of(default)["encoder.0.weight"]


@pytest.mark.parametrize("hidden", ["a", "8-", "-8", "8--8", "0", "8-0", "8,8", "2.5", "8 - 8"])
def test_bad_widths_are_refused(hidden: str) -> None:
    with pytest.raises(DataError, match=f"^--hidden: found '{hidden}'; wanted widths as in 500-500-2000$"):
        SaeOptions(hidden=hidden)


@pytest.mark.parametrize(
    "values",
    [{"bottleneck": 0}, {"dropout": 1.0}, {"dropout": -0.1}, {"tolerance": -1.0}, {"learning_rate": 0.0},
     {"batch_size": 0}, {"squares": "sum"}, {"optimizer": "lbfgs"}, {"seed": -1}, {"seed": 2**32},
     {"decay_factor": 0.5}, {"momentum": 1.0}, {"initial_deviation": -1.0}, {"pretrain_epochs": -1}],
    ids=str,
)  # fmt: skip
def test_bad_options_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(DataError, match=f"^--{next(iter(values)).replace('_', '-')}: found"):
        SaeOptions(**values)


# ---- losses --------------------------------------------------------------------------------------------------------


def test_squared_errors_are_of_a_sample_its_mean_or_half_its_sum() -> None:
    rng = np.random.default_rng(0)
    found, wanted = rng.standard_normal((2, 6, 5)).astype(np.float32)
    squares = [sum((float(found[i, d]) - float(wanted[i, d])) ** 2 for d in range(5)) for i in range(6)]
    tensors = torch.from_numpy(found), torch.from_numpy(wanted)
    assert float(squared_error(*tensors, "mean")) == pytest.approx(np.mean(squares) / 5, rel=1e-5)
    assert float(squared_error(*tensors, "half_sum")) == pytest.approx(np.mean(squares) / 2, rel=1e-5)


@pytest.mark.parametrize("squares", ["mean", "half_sum"])
def test_the_losses_of_all_phases_are_reconstructions_of_what_is_below(squares: str) -> None:
    options = sae(squares=squares)
    network = make_autoencoder(INPUTS, options)
    outputs, reconstruction = by_hand(network, INPUTS[ALL].numpy())
    weights = {name: value.double().numpy() for name, value in network.state_dict().items()}
    *layers, whole = sae_phases(network, INPUTS, options)
    scale = {"mean": 1.0, "half_sum": 0.5 * INPUTS.width}[squares]
    assert evaluate(network, whole) == pytest.approx(scale * np.square(reconstruction - outputs[0]).mean(), rel=1e-4)
    for i, phase in enumerate(layers):
        back = outputs[i + 1] @ weights[f"decoder.{2 - i}.weight"].T + weights[f"decoder.{2 - i}.bias"]
        error = np.square((back if i == 0 else np.maximum(back, 0)) - outputs[i]).mean()
        scale = {"mean": 1.0, "half_sum": 0.5 * outputs[i].shape[1]}[squares]
        assert evaluate(network, phase) == pytest.approx(scale * error, rel=1e-4)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_pretraining_drops_inputs_and_hidden_values_but_no_values_of_a_code(layer: int) -> None:
    options = sae(dropout=0.4)
    network = make_autoencoder(INPUTS, options).train()
    phase = LayerPhase(network, layer, INPUTS, options)

    def wanted() -> Tensor:
        below = network.normalise(INPUTS[ALL])
        for before in range(layer):
            below = torch.relu(network.encoder[before](below))
        below = below.detach()
        above = network.encoder[layer](functional.dropout(below, 0.4))
        if layer < 2:
            above = functional.dropout(torch.relu(above), 0.4)
        back = network.decoder[2 - layer](above)
        return ((torch.relu(back) if layer else back) - below).square().mean()

    losses = []
    for loss in (lambda: phase.losses(ALL)["loss"], wanted):
        torch.manual_seed(7)
        losses.append(float(loss().detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert float(phase.losses(ALL)["loss"].detach()) != losses[0], "other values are dropped"
    assert evaluate(network, phase) == evaluate(network, phase)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_layers_below_get_no_gradient(layer: int) -> None:
    network = make_autoencoder(INPUTS, SAE)
    phase = LayerPhase(network, layer, INPUTS, SAE)
    phase.losses(ALL)["loss"].backward()
    with_gradient = {id(parameter) for parameter in network.parameters() if parameter.grad is not None}
    assert with_gradient == {id(parameter) for parameter in phase.parameters}


def test_fine_tuning_has_no_dropout() -> None:
    network = make_autoencoder(INPUTS, SAE).train()
    phase = FinetunePhase(network, INPUTS, sae(dropout=0.9))
    with torch.no_grad():
        losses = [float(phase.losses(ALL)["loss"]) for _ in range(2)]
    assert losses[0] == losses[1] == pytest.approx(evaluate(network, phase), rel=1e-6)


# ---- training ------------------------------------------------------------------------------------------------------


def test_pretraining_changes_its_layer_alone_and_fine_tuning_all() -> None:
    options = sae(pretrain_epochs=1, finetune_epochs=1)
    network = make_autoencoder(INPUTS, options)
    *layers, whole = sae_phases(network, INPUTS, options)
    assert [phase.name for phase in (*layers, whole)] == ["layer 1", "layer 2", "layer 3", "fine-tuning"]
    for number, phase in enumerate([*layers, whole]):
        before = parameters_of(network)
        train(network, [phase], options)
        changed = {name for name, value in parameters_of(network).items() if value != before[name]}
        pair = (f"encoder.{number}", f"decoder.{2 - number}")
        of_layer = {f"{part}.{kind}" for part in pair for kind in ("weight", "bias")}
        assert changed == (set(before) if phase is whole else of_layer)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_pretrained_layer_gives_back_what_is_below_better_than_an_untrained_one(layer: int) -> None:
    options = sae(pretrain_epochs=15, dropout=0.1)
    network = make_autoencoder(INPUTS, options)
    phases = sae_phases(network, INPUTS, options)
    train(network, phases[:layer], options)
    untrained = evaluate(network, phases[layer])
    train(network, [phases[layer]], options)
    assert evaluate(network, phases[layer]) < 0.8 * untrained


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("squares", ["mean", "half_sum"])
def test_no_phase_ends_above_its_start(seed: int, squares: str) -> None:
    inputs = speech_of(seed, seed + 10).inputs(SAE, DEVICE)
    options = sae(seed=seed, squares=squares, dropout=0.2)
    network = make_autoencoder(inputs, options)
    phases = sae_phases(network, inputs, options)
    for phase in phases:
        before = evaluate(network, phase)
        train(network, [phase], options)
        assert evaluate(network, phase) < before


def test_a_linear_autoencoder_finds_principal_components() -> None:
    """Without hidden layers nothing is rectified, and the best code of E values is that of E components."""
    frames = (np.random.default_rng(0).standard_normal((400, 4)) @ np.array(
        [[1.0, 0.8, 0, 0], [0, 1, 0.5, 0.2], [0, 0, 1, -0.9], [0, 0, 0, 0.3]]
    )).astype(np.float32)  # fmt: skip
    options = sae(hidden="", bottleneck=2, context=1, pretrain_epochs=0, finetune_epochs=60, learning_rate=0.02)
    inputs = FrameInputs([frames], [np.ones(400, dtype=bool)], options)
    network = make_autoencoder(inputs, options)
    whole = sae_phases(network, inputs, options)[-1]
    train(network, [whole], options)
    normal = (frames - frames.mean(axis=0)) / frames.std(axis=0)
    lost = np.linalg.svd(normal, compute_uv=False)[2:] ** 2
    assert evaluate(network, whole) == pytest.approx(lost.sum() / normal.size, rel=0.02)


def test_convergence_ends_phases_and_zero_tolerance_does_not() -> None:
    ends = {}
    for tolerance in (0.0, 0.2, 0.5):
        options = sae(tolerance=tolerance, pretrain_epochs=12, finetune_epochs=14)
        network = make_autoencoder(INPUTS, options)
        history = train(network, sae_phases(network, INPUTS, options), options)
        ends[tolerance] = [sum(e.phase == name and e.epoch > 0 for e in history) for name in ("layer 1", "fine-tuning")]
    assert ends[0.0] == [12, 14] and ends[0.5] == [6, 6]
    assert 12 < sum(ends[0.2]) < 26


def test_the_order_of_values_in_a_frame_does_not_matter_to_the_loss() -> None:
    """Networks whose first weights are permuted alike are trained alike."""
    network = make_autoencoder(INPUTS, SAE)
    order = torch.randperm(INPUTS.width, generator=torch.Generator().manual_seed(1))
    turned = copy.deepcopy(network)
    with torch.no_grad():
        turned.encoder[0].weight.copy_(network.encoder[0].weight[:, order])
        turned.decoder[-1].weight.copy_(network.decoder[-1].weight[order])
        turned.decoder[-1].bias.copy_(network.decoder[-1].bias[order])
        turned.mean, turned.scale = network.mean[order], network.scale[order]

    class Turned(Inputs):
        def __len__(self) -> int:
            return len(INPUTS)

        def __getitem__(self, samples: Tensor) -> Tensor:
            return INPUTS[samples][:, order]

        def moments(self) -> tuple[Tensor, Tensor]:
            mean, scale = INPUTS.moments()
            return mean[order], scale[order]

    losses = [
        train(each, [FinetunePhase(each, inputs, SAE)], SAE)[-1].losses["loss"]
        for each, inputs in ((network, INPUTS), (turned, Turned()))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
