"""residual, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
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
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x_test, y_test),
    )
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
