"""two_towers, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 5
BATCH_SIZE = 32
SEED = 0
DATA = "two_towers.npz"
INPUTS = ["image", "table"]
OUTPUTS = ["kind", "price"]


def scaled(x):
    """Divide bytes by their largest value, and leave other numbers alone."""
    return x.astype("float32") / 255 if x.dtype == np.uint8 else x


def load_data():
    """Return training and test examples by input and output, bytes scaled to [0, 1]."""
    with np.load(DATA) as data:
        x_train, x_test = (
            {name: scaled(data[f"x_{part}_{name}"]) for name in INPUTS}
            for part in ("train", "test")
        )
        y_train, y_test = (
            {name: data[f"y_{part}_{name}"] for name in OUTPUTS}
            for part in ("train", "test")
        )
    return (x_train, y_train), (x_test, y_test)


def at(arrays, indices):
    """Pick the same examples from every array of a dict."""
    return {name: array[indices] for name, array in arrays.items()}


def build_model():
    image = keras.Input((32, 32, 3), name="image")
    table = keras.Input((12,), name="table")
    x = layers.Conv2D(16, 3, activation="relu")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    seen = layers.GlobalAveragePooling2D(name="seen")(x)
    x = layers.Dense(32, activation="relu", name="known")(table)
    x = layers.Concatenate(name="both")([seen, x])
    shared = layers.Dense(64, activation="relu", name="shared")(x)
    kind = layers.Dense(5, activation="softmax", name="kind")(shared)
    price = layers.Dense(1, name="price")(shared)
    return keras.Model(
        {"image": image, "table": table},
        {"kind": kind, "price": price},
        name="two_towers",
    )


def train(model, train_data, validation_data, callbacks):
    """Train as `model.fit` does, with every step in sight."""
    x_train, y_train = train_data
    examples = len(x_train["image"])
    loss_mean = keras.metrics.Mean(name="loss")
    callbacks = keras.callbacks.CallbackList(callbacks, model=model)

    # Edit the step: everything that happens to one batch is here.
    @tf.function(reduce_retracing=True)
    def train_step(x, y):
        with tf.GradientTape() as tape:
            y_pred = model(x, training=True)
            loss = model.compute_loss(x=x, y=y, y_pred=y_pred, training=True)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)
        loss_mean.update_state(loss, sample_weight=tf.shape(x["image"])[0])
        model.compute_metrics(x, y, y_pred)

    callbacks.on_train_begin()
    for epoch in range(EPOCHS):
        callbacks.on_epoch_begin(epoch)
        model.reset_metrics()
        loss_mean.reset_state()
        order = np.random.default_rng((SEED, epoch)).permutation(examples)
        for start in range(0, examples, BATCH_SIZE):
            take = order[start : start + BATCH_SIZE]
            train_step(at(x_train, take), at(y_train, take))
        logs = {k: float(v) for k, v in model.get_metrics_result().items()}
        logs["loss"] = float(loss_mean.result())
        if validation_data is not None:
            measured = model.evaluate(*validation_data, return_dict=True, verbose=0)
            logs |= {f"val_{k}": v for k, v in measured.items()}
        print(f"epoch {epoch + 1}:", "  ".join(f"{k} {v:.4f}" for k, v in logs.items()))
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    callbacks.on_train_end()


def main():
    keras.utils.set_random_seed(SEED)
    (x_train, y_train), (x_test, y_test) = load_data()
    model = build_model()
    model.compile(
        optimizer="adam",
        loss={"kind": "sparse_categorical_crossentropy", "price": "mean_squared_error"},
        metrics={"kind": ["accuracy"], "price": ["mean_absolute_error"]},
        loss_weights={"kind": 1.0, "price": 0.5},
    )
    train(model, (x_train, y_train), None, [])
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
