"""The terms of InfoCatVAE's loss, each in nats before its weight."""

import keras
from keras import ops

from diffusion_vae.typing import Tensor


class ClusterTerms(keras.Model):
    """Terms of the loss of a model whose latent is a `ClusteredLatent`."""

    def expected_log_prob(
        self, target: Tensor, params: dict[str, Tensor], training: bool = False
    ) -> Tensor:
        """sum_c q(c | x) log p(x | z_c) with one draw z_c from each q(z | x, c), `[batch]`.

        Args:
            target: `[batch, *event]`.
            params: Parameters of the posteriors.
            training: Mode of the decoder.
        """
        z = self.latent.sample_each(params)  # [batch, K, D]
        flat = ops.reshape(z, (-1, *self.latent.point_shape))
        outputs = self._outputs(flat, training=training)
        outputs = {
            name: ops.reshape(value, (-1, self.latent.clusters, *value.shape[1:]))
            for name, value in outputs.items()
        }
        log_prob = self._log_prob(ops.expand_dims(target, 1), outputs)  # [batch, K]
        share = ops.cast(self.latent.probabilities(params), log_prob.dtype)
        return ops.sum(share * log_prob, axis=-1)

    def information_loss(self) -> Tensor:
        """Mean cross-entropy of recognising generated pictures' clusters in nats, `[]`."""
        clusters, draws = self.latent.clusters, self.information_draws
        labels = ops.tile(ops.arange(clusters), [draws])
        generated = self._outputs(self.latent.prior_sample_of(labels))["reconstruction"]
        logits = self._posterior_of(generated)["category_logits"]  # [draws * K, K]
        if self.legacy_double_softmax:
            logits = ops.softmax(logits)
        log_probability = ops.reshape(ops.log_softmax(logits), (draws, clusters, clusters))
        return -ops.mean(ops.diagonal(log_probability, axis1=1, axis2=2))

    def consistency_loss(self, x: Tensor, category_logits: Tensor) -> Tensor:
        """Cross-entropy between the clusters of examples and of disturbed copies, `[batch]`.

        Args:
            x: `[batch, *event]`.
            category_logits: Of the examples, `[batch, K]`; no gradient goes back to them.
        """
        disturbed = self._posterior_of(self.augmentation(self._filled(x), training=True))
        probability = ops.softmax(ops.stop_gradient(category_logits))
        log_probability = ops.log_softmax(disturbed["category_logits"])
        return -ops.sum(probability * log_probability, axis=-1)

    def mutual_information(self, category_logits: Tensor) -> Tensor:
        """KL of q(c | x) from its mean over the batch, `[batch, K] -> [batch]`.

        Its mean is I(x; c) over the batch, at most log K.
        """
        log_probability = ops.log_softmax(category_logits)
        count = ops.cast(ops.shape(category_logits)[0], log_probability.dtype)
        log_mean = ops.logsumexp(log_probability, axis=0) - ops.log(count)
        return ops.sum(ops.exp(log_probability) * (log_probability - log_mean), axis=-1)
