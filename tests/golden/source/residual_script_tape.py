"""residual, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

EPOCHS = 20
BATCH_SIZE = 32
SEED = 0


def load_data():
    """Return training and test examples, pictures scaled to [0, 1]."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
    x_train, x_test = (x.astype("float32") / 255 for x in (x_train, x_test))
    return (x_train, y_train.ravel()), (x_test, y_test.ravel())


def build_model():
    image = keras.Input((32, 32, 3), name="image")
    x = layers.RandomFlip("horizontal")(image)
    stem = layers.Conv2D(16, 3, padding="same", use_bias=False, name="stem")(x)
    x = layers.BatchNormalization()(stem)
    x = layers.ReLU()(x)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False, name="first")(x)
    first_sum = layers.Add(name="first_sum")([x, stem])
    x = layers.BatchNormalization()(first_sum)
    x = layers.ReLU()(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    second = layers.Conv2D(32, 3, padding="same", use_bias=False, name="second")(x)
    x = layers.Conv2D(32, 1, strides=2, name="shortcut")(first_sum)
    x = layers.Add()([second, x])
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(image, outputs, name="residual")


def train(model, train_data, validation_data, callbacks):
    """Train as `model.fit` does, with every step in sight."""
    x_train, y_train = train_data
    examples = len(x_train)
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
        loss_mean.update_state(loss, sample_weight=tf.shape(x)[0])
        model.compute_metrics(x, y, y_pred)

    callbacks.on_train_begin()
    for epoch in range(EPOCHS):
        callbacks.on_epoch_begin(epoch)
        model.reset_metrics()
        loss_mean.reset_state()
        order = np.random.default_rng((SEED, epoch)).permutation(examples)
        for start in range(0, examples, BATCH_SIZE):
            take = order[start : start + BATCH_SIZE]
            train_step(x_train[take], y_train[take])
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
        optimizer=keras.optimizers.SGD(
            learning_rate=keras.optimizers.schedules.CosineDecay(
                initial_learning_rate=0.1,
                decay_steps=31260,
            ),
            momentum=0.9,
            nesterov=True,
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    train(model, (x_train, y_train), (x_test, y_test), [])
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
