"""cifar100, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
from keras import layers

EPOCHS = 5
BATCH_SIZE = 32
SEED = 0


def load_data():
    """Return training and test examples, pictures scaled to [0, 1]."""
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar100.load_data()
    x_train, x_test = (x.astype("float32") / 255 for x in (x_train, x_test))
    return (x_train, y_train.ravel()), (x_test, y_test.ravel())


def build_model():
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(16, 3, activation="relu")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(32, 3, activation="relu")(x)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(256, activation="relu")(x)
    outputs = layers.Dense(100, activation="softmax")(x)
    return keras.Model(image, outputs, name="cifar100")


def main():
    keras.utils.set_random_seed(SEED)
    (x_train, y_train), (x_test, y_test) = load_data()
    model = build_model()
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(x_train, y_train, batch_size=BATCH_SIZE, epochs=EPOCHS)
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
