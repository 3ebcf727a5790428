#!/usr/bin/env python3
"""train image_dec: image_sae, images -> image_dec: DEC or IDEC of one seed, from a pretrained autoencoder.

K-means of the codes gives the centres; then codes are drawn towards clusters, with --kind idec under the decoder's
loss. It learns from all images without their labels, and is judged on the same: training and test images, or with
--judged-on validation the training images alone. <output> gets the model, its losses, maps of codes before and after,
the images that clusters are most certain of, and result.json: how clusters agree with classes, before (start) and
after, and the losses of the end, by which a seed can be chosen without labels.

e.g.: steps/train_image_dec.py --kind idec --pretrained exp/mnist/pretrained_fc/seed1 data/mnist exp/mnist/idec_fc/seed1
"""

from dataclasses import asdict, replace

from diar import cli
from diar.cluster_job import AUGMENT_FLAG, ClusterJob, samples_picture
from diar.image_job import Trained
from diar.images.cluster import train_dec
from diar.images.sets import ImageSet
from diar.model_content import model_content
from diar.nets.cluster_options import ImageDecOptions
from diar.nets.options import DeviceOptions
from diar.training_state import Resumption


def main() -> None:
    kind = cli.chosen("--kind", ("dec", "idec"))
    flags = {
        "--kind": "dec or idec (default dec)",
        "--pretrained": "folder of an autoencoder of these images, or its model.pt; steps/train_image_sae.py makes it",
    } | AUGMENT_FLAG
    job = ClusterJob(__doc__, kind, (ImageDecOptions,), flags)
    options, device = job.options(ImageDecOptions, DeviceOptions)
    pretrained = job.pretrained()
    made_of = job.image_input(pretrained.input)
    job.records(kind=kind)

    def train(learned: ImageSet, judged: ImageSet, resumption: Resumption) -> Trained:
        images = job.put_together(learned, judged, options.n_clusters)
        inputs = made_of.of(images.images, pretrained.net, pretrained.options, device)
        done = train_dec(pretrained.network, kind, inputs, options, device, resumption)
        before, after = (job.figures(images, one.labels, len(judged)) for one in (done.before, done.after))
        figures = after | {"start": before} | done.losses | {"intervals": done.n_intervals}
        figures["clusters"] = len(set(done.after.labels.tolist()))
        title = f"{kind.upper()} on {job.dataset.title}"
        plots = job.plots(images.labels, done.after.labels, f"{title}: ACC {100 * after['acc']:.2f} %")
        plots["map"] = job.map({"before": done.before, "after": done.after}, images, title)
        pictures = {"clusters": samples_picture(images.images, done.after)}
        of = replace(pretrained, input=made_of).to_checkpoint()
        model = of | model_content(done.model, kind=kind, dec=asdict(options), images=job.described_images())
        return Trained(model, done.history, figures, plots, pictures)

    job.run(train)


if __name__ == "__main__":
    cli.run(main)
