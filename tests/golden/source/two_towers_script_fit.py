"""two_towers, as a Functional Keras model, and its training. Compiled by hornbook."""

import keras
import numpy as np
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
    model.fit(x_train, y_train, batch_size=BATCH_SIZE, epochs=EPOCHS)
    results = model.evaluate(x_test, y_test, return_dict=True, verbose=0)
    print("test:", "  ".join(f"{k} {v:.4f}" for k, v in results.items()))


if __name__ == "__main__":
    main()
