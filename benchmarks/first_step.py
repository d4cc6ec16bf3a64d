"""Trains one epoch in this process and says when its first step was done (for `startup.py`).

python benchmarks/first_step.py "SphereVAE(2)" START

START is the time, in seconds since 1970, at which the process was started. Prints one line of
JSON: seconds to the end of the first step, those after the imports, CPU seconds of all threads to
there, peak memory in MB.
"""

import json
import resource
import sys
import time

BATCH, EXAMPLES = 128, 10_000


def main(name, started):
    import keras
    import numpy as np

    if name == "SphereVAE(2)":
        from diffusion_vae import SphereVAE

        model = SphereVAE(2)
    else:
        from plain_vae import PlainVAE

        model = PlainVAE(2)
    imported = time.time()
    done = []

    class FirstStep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if not done:
                done.extend((time.time(), time.process_time()))

    x = np.random.default_rng(0).random((EXAMPLES, 784), dtype=np.float32)
    model.compile("adam")
    model.fit(x, batch_size=BATCH, verbose=0, callbacks=[FirstStep()])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # kiB; bytes on macOS
    report = {
        "first_step": done[0] - started,
        "first_step_after_imports": done[0] - imported,
        "first_step_cpu": done[1],
        "peak_megabytes": peak * (1 if sys.platform == "darwin" else 1024) / 1e6,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
