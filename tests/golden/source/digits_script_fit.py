"""digits, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
import numpy as np
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

EPOCHS = 10
BATCH_SIZE = 32
SEED = 0


def load_data():
    """Return training and test examples, pictures scaled to [0, 1]."""
    x, y = load_digits(return_X_y=True)
    x = x.reshape(-1, 8, 8, 1).astype("float32") / 16
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=0.2, random_state=SEED, stratify=y
    )
    return (x_train, y_train), (x_test, y_test)


def hold_out(x, y, fraction):
    """Split examples at random: the larger part to train, the rest to validate."""
    examples = len(x)
    order = np.random.default_rng(SEED).permutation(examples)
    cut = examples - max(1, int(examples * fraction))
    return [(x[part], y[part]) for part in (order[:cut], order[cut:])]


def build_model():
    image = keras.Input((8, 8, 1), name="image")
    x = layers.Conv2D(32, 3, padding="same", activation="relu")(image)
    x = layers.MaxPooling2D(2)(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.25)(x)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(10, activation="softmax")(x)
    return keras.Model(image, outputs, name="digits")


def main():
    keras.utils.set_random_seed(SEED)
    (x_train, y_train), (x_test, y_test) = load_data()
    (x_train, y_train), validation = hold_out(x_train, y_train, 0.1)
    model = build_model()
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(
        x_train,
        y_train,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=validation,
    )
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
