#!/usr/bin/env python3
"""train classifier: images -> classifier: a basic convolutional network or a residual one, of one seed.

<output> gets the model, its losses, the confusion matrix, and result.json with the accuracy on the test images; or,
with --judged-on validation, on a tenth of the training images that it did not learn from, to choose settings by. A
training that was killed goes on from its last epoch.

e.g.: steps/train_classifier.py --net resnet --flip alternating data/cifar10 exp/cifar10/classifier_resnet/seed1
"""

from diar import cli
from diar.image_job import ImageJob, Trained
from diar.images.classify import NETS, judge, scores, to_checkpoint, train_classifier
from diar.images.sets import ImageSet
from diar.nets.image_options import AugmentOptions
from diar.nets.options import DeviceOptions
from diar.report.confusion_figure import confusion_figure
from diar.training_state import Resumption


def main() -> None:
    net = cli.chosen("--net", tuple(NETS))
    job = ImageJob(__doc__, "classifier", (NETS[net], AugmentOptions), {"--net": "basic or resnet (default basic)"})
    options, augmentation, device = job.options(NETS[net], AugmentOptions, DeviceOptions)
    job.records(net=net)
    classes = job.dataset.classes

    def train(images: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        network, history = train_classifier(images, len(classes), options, augmentation, device, resumption)
        figures = judge(scores(network, judged.images, device, options.mirror_test), judged.labels)
        title = f"{net} on {job.dataset.title}: {100 * figures['accuracy']:.2f} %"
        plots = {"confusion": confusion_figure(figures["confusion"], classes, title)}
        return Trained(to_checkpoint(network, net, images.shape, options), history, figures, plots)

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
